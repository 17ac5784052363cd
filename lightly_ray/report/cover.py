"""How near the pool lies to what is selected, before and after, and beside random draws of the same size.

    d(x, S) = min over s in S of |x - s|,   vectors of length 1, so 0 <= d <= 2

The mean of d over the pool says how well the selection covers it, its maximum is the radius. A chosen sample is a near
duplicate where another selected one lies within `WITHIN`. Vectors pass by a batch at a time: memory holds the points
that distances are asked of, and no other.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightly_ray.data.vectors import Matrix
from lightly_ray.report.spread import Json, compared, rounded, rounded_list

WITHIN = 0.1  # an angle of six degrees
_BINS = 24
_Distances = NDArray[np.float64]


def unit(vectors: Matrix) -> NDArray[np.float32]:
    """(N, D) vectors of length 1; those of length 0 stay."""
    wide = vectors.astype(np.float64)
    lengths = np.sqrt(np.square(wide).sum(axis=1, keepdims=True))
    return np.asarray(wide / np.where(lengths > 0, lengths, 1), dtype=np.float32)


@dataclass(eq=False)
class Nearest:
    """The nearest member of some sets to each of some points, as batches of the sets' vectors pass by.

    Attributes:
        points: (P, D) float32 of length 1, what distances are asked of.
        rows: (P,) which sample each point is: a point is no neighbour of itself where ``skip_self``.
        sets: S sets of samples, each as (total,) bool by row.
        skip_self: whether a point that is in a set looks for another member of it.
        distances: (S, P) float64, inf where a set has had no member yet.
    """

    points: NDArray[np.float32]
    rows: NDArray[np.int64]
    sets: list[NDArray[np.bool_]]
    skip_self: bool = False
    distances: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self.distances = np.full((len(self.sets), len(self.points)), np.inf)

    def add(self, rows: NDArray[np.int64], units: NDArray[np.float32]) -> None:
        """Look at (n, D) vectors of length 1, of the samples (n,)."""
        inside = [members[rows] for members in self.sets]
        some = np.flatnonzero(np.logical_or.reduce(inside)) if inside else np.zeros(0, np.intp)
        if not len(some) or not len(self.points):
            return
        squares = 2 - 2 * (units[some] @ self.points.T)
        if self.skip_self:
            squares[rows[some][:, None] == self.rows[None, :]] = np.inf
        for number, members in enumerate(inside):
            here = members[some]
            if here.any():
                nearest = np.sqrt(np.maximum(squares[here].min(axis=0), 0))
                self.distances[number] = np.minimum(self.distances[number], nearest)


def cover(before: NDArray[np.float64] | None, after: NDArray[np.float64], draws: NDArray[np.float64]) -> Json:
    """What the selection has done for the pool.

    Args:
        before: (P,) distance of each sample of the pool to what was selected before; None where nothing was.
        after: (P,) to that and what was chosen.
        draws: (D, P) to that and what was drawn at random.

    Returns:
        ``mean`` and ``radius`` before, after and beside random draws; a ``histogram`` of the distances.
    """
    edges = _edges(before, after, draws)
    random = np.mean([np.histogram(one, edges)[0] for one in draws], axis=0) if len(draws) else None
    return {
        "points": len(after),
        "mean": _figure(before, after, draws, np.mean),
        "radius": _figure(before, after, draws, np.max),
        "histogram": {
            "edges": rounded_list(edges),
            "before": None if before is None else np.histogram(before, edges)[0].tolist(),
            "after": np.histogram(after, edges)[0].tolist(),
            "random": None if random is None else rounded_list(random),
        },
    }


def near_duplicates(chosen: NDArray[np.float64], draws: list[NDArray[np.float64]], added: int) -> Json:
    """How many of the chosen samples have another selected one within `WITHIN`.

    Args:
        chosen: (c,) distance of some chosen samples to the nearest other selected one.
        draws: the same of random draws.
        added: how many were chosen; shares are scaled up to them.
    """
    share = float(np.mean(chosen <= WITHIN))
    result: Json = {"within": WITHIN, "looked_at": len(chosen), "added": added, "chosen": rounded(share * added)}
    if draws:
        result["compared"] = compared(share * added, [float(np.mean(one <= WITHIN)) * added for one in draws])
    return result


def _figure(before: _Distances | None, after: _Distances, draws: _Distances, of: Callable[[Any], Any]) -> Json:
    result: Json = {
        "before": None if before is None else rounded(float(of(before))),
        "after": rounded(float(of(after))),
    }
    return result | ({"compared": compared(float(of(after)), [of(one) for one in draws])} if len(draws) else {})


def _edges(before: _Distances | None, after: _Distances, draws: _Distances) -> _Distances:
    several = [after, *draws, *([] if before is None else [before])]
    largest = max(float(one.max()) for one in several)
    return np.linspace(0, largest if np.isfinite(largest) and largest > 0 else 1, _BINS + 1)

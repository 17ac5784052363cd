"""The plain sequential greedy that defines every result. Too slow to be wrong.

Each step takes the largest key, the lowest row among equals, and compares every row with it: O(N K D) time.

CORESET is the greedy of Gonzalez (1985) for k-center, which covers the rows within twice the best radius; Sener and
Savarese (2018) use it to choose what to label. CORAL is the name of the published client's service for the same greedy
on distances weighted by a score, after the vertex-weighted k-center problem (Plesnik 1987); unlike CORESET it has no
certificate here, since a pick also depends on the scores of rows that are covered already.

References:
    Gonzalez. Clustering to minimize the maximum intercluster distance. TCS 1985.
    Plesnik. A heuristic for the p-center problem in graphs. Discrete Applied Mathematics 1987.
    Sener, Savarese. Active learning for convolutional neural networks: a core-set approach. ICLR 2018.
"""

import numpy as np
from numpy.typing import NDArray

from lightly_ray.selection.distance import distances, require_range
from lightly_ray.selection.greedy import Picks


def sequential(
    vectors: NDArray[np.floating],
    count: int,
    *,
    centers: NDArray[np.floating] | None = None,
    first: int | None = None,
    scores: NDArray[np.floating] | None = None,
    min_distance: float = 0.0,
) -> Picks:
    """Greedy k-center (CORESET), or distance times score (CORAL, with ``scores``).

    Args:
        vectors: (N, D) the query set, row by row.
        count: how many rows to pick, at most; fewer where no eligible row is left.
        centers: (p, D) preselected samples.
        first: the first pick, for CORESET without preselected samples.
        scores: (N,) finite and >= 0.
        min_distance: rows nearer than that to the selection are not eligible; 0 is off.

    Returns:
        Rows and gains in the order of the picks.
    """
    require_range(vectors)
    nearest = np.full(len(vectors), np.inf)
    for center in () if centers is None else centers:
        nearest = np.minimum(nearest, distances(vectors, center))
    weight = np.ones(len(vectors)) if scores is None else scores.astype(np.float64)
    free = np.ones(len(vectors), bool)
    rows: list[int] = []
    gains: list[float] = []
    while len(rows) < count and (free & (nearest >= min_distance)).any():
        # Without any center all distances are inf: the score alone decides.
        keys = np.where(np.isinf(nearest), 1.0, nearest) * weight
        keys[~free | (nearest < min_distance)] = -1
        row = first if first is not None and not rows else int(keys.argmax())
        rows.append(row)
        gains.append(float(keys[row]) if np.isfinite(nearest[row]) else np.inf)
        free[row] = False
        nearest = np.minimum(nearest, distances(vectors, vectors[row]))
    return Picks(np.array(rows, np.int64), np.array(gains))

"""The driver's candidates: the best proposals of all shards, and the greedy over them.

While the best candidate comes before everything that was left out (the floor), it is what the sequential greedy
would pick, because the keys of candidates are exact and that of any other row is at most its bound.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lightly_ray.compiled import compiled
from lightly_ray.selection.distance import DEPTH, computable, pair_distance, summation_plan
from lightly_ray.selection.order import best, first_largest, in_order, top
from lightly_ray.selection.protocol import Proposal
from lightly_ray.selection.screening.exact import product_limit
from lightly_ray.selection.screening.full import FullScreen
from lightly_ray.selection.screening.screen import as_centers
from lightly_ray.selection.threads import single_products

_AHEAD = 64  # rows


class Candidates:
    """Some rows with their vectors and exact keys, and the floor that bounds all others.

    Args:
        proposals: one per shard.
        size: how many rows to keep; the first one cut raises the floor.
        min_distance: rows nearer than that to a center are not eligible; 0 is off.
    """

    def __init__(self, proposals: list[Proposal], size: int, *, min_distance: float = 0.0) -> None:
        rows = np.concatenate([proposal.rows for proposal in proposals])
        distances = np.concatenate([proposal.distances for proposal in proposals])
        scores = [np.ones(len(p.rows)) if p.scores is None else p.scores for p in proposals]
        order = np.argsort(rows)
        self.rows, self.distances, self.scores = rows[order], distances[order], np.concatenate(scores)[order]
        self.floor = max((proposal.floor for proposal in proposals), key=in_order)
        self._min_distance = min_distance
        kept = self._cut(size)
        self.rows, self.distances, self.scores = self.rows[kept], self.distances[kept], self.scores[kept]
        self.vectors = np.concatenate([proposal.vectors for proposal in proposals])[order[kept]]

    def _cut(self, size: int) -> NDArray[np.intp]:
        """Raise the floor to what is left out; the positions of what is kept."""
        keys = self._keys()
        kept = top(keys, size)
        if len(kept) < len(keys):
            cut = np.setdiff1d(np.arange(len(keys)), kept, assume_unique=True)
            self.floor = max(self.floor, best(keys[cut], self.rows[cut]), key=in_order)
        # What does not beat the floor cannot be picked in this round.
        key, row = self.floor
        before = (keys[kept] > key) | ((keys[kept] == key) & (self.rows[kept] < row))
        return np.asarray(kept[before])

    def _keys(self) -> NDArray[np.float64]:
        # A row with score 0 is never compared with anything: its distance may be inf.
        keys = np.zeros(len(self.distances))
        np.multiply(self.distances, self.scores, where=self.scores > 0, out=keys)
        return keys

    def pick(self, count: int) -> tuple[NDArray[np.intp], NDArray[np.float64], tuple[float, int]]:
        """Greedy picks, at most ``count``, while they beat the floor.

        Returns:
            positions among the candidates in the order of the picks; their gains; (key, row) of the first row, a
            candidate or not, that was not picked.
        """
        if not len(self.rows):
            return np.empty(0, np.intp), np.empty(0), self.floor
        screened = _Products(computable(self.vectors))
        count = min(count, len(self.rows))
        picks, gains = np.empty(count, np.intp), np.empty(count)
        keys, made, waiting = self._keys(), 0, True
        rows = _Rows(self.rows, self.scores, self.distances, keys)
        stop = _Stop(*self.floor, self._min_distance)
        while waiting:
            screened.add(keys)
            made, waiting = _greedy(screened.pairs, rows, stop, made, (picks, gains))
        left = max(self.floor, best(keys, self.rows), key=in_order)
        return picks[:made], gains[:made], left


class _Pairs(NamedTuple):
    """What is known of all pairs of m candidates.

    Attributes:
        vectors: (m, D).
        plan: of the exact summation.
        products: (m, m) float32, a row per candidate, as far as ``has`` says.
        has: (m,) which rows of ``products`` are there.
        lengths: (m,) of the features, with the largest one added.
        slacks: (m,) of the features, with the largest one added.
        scale: of the screen.
        rounding: of the screen.
    """

    vectors: NDArray[np.floating]
    plan: NDArray[np.int64]
    products: NDArray[np.float32]
    has: NDArray[np.bool_]
    lengths: NDArray[np.float64]
    slacks: NDArray[np.float64]
    scale: float
    rounding: float


class _Rows(NamedTuple):
    """The candidates: their rows, scores, distances and keys; the last two change in place."""

    rows: NDArray[np.int64]
    scores: NDArray[np.float64]
    distances: NDArray[np.float64]
    keys: NDArray[np.float64]


class _Stop(NamedTuple):
    """What ends the picks of a round: (key, row) of the floor, and the distance under which none is eligible."""

    key: float
    row: int
    min_distance: float


class _Products:
    """Screened products of candidates with all of them, made for those that may be picked next."""

    def __init__(self, vectors: NDArray[np.floating]) -> None:
        count = len(vectors)
        screen = FullScreen(vectors, sample=128)
        self._features = np.empty((count, screen.width), np.float32)
        sized = screen.rows(vectors, np.arange(count, dtype=np.int32), self._features)
        self._columns = as_centers(self._features.copy()).T
        self.pairs = _Pairs(
            vectors=vectors,
            plan=summation_plan(vectors.shape[1]),
            products=np.empty((count, count), np.float32),
            has=np.zeros(count, bool),
            lengths=sized.lengths + sized.lengths.max(),
            slacks=sized.slacks + sized.slacks.max(),
            scale=screen.scale,
            rounding=screen.rounding,
        )

    def add(self, keys: NDArray[np.float64]) -> None:
        """Make those of the candidates with the largest keys that have none."""
        rows = np.flatnonzero(~self.pairs.has)
        rows = rows[top(keys[rows], _AHEAD)]
        with single_products():
            self.pairs.products[rows] = self._features[rows] @ self._columns
        self.pairs.has[rows] = True


@compiled()
def _greedy(
    pairs: _Pairs, candidates: _Rows, stop: _Stop, start: int, made: tuple[NDArray[np.intp], NDArray[np.float64]]
) -> tuple[int, bool]:
    """Go on picking until the floor wins or ``picks`` is full; picked and ineligible candidates get key -1.

    Returns:
        how many picks there are; whether it stopped for the products of the next one.
    """
    vectors, plan, products, has, lengths, slacks, scale, rounding = pairs
    rows, scores, distances, keys = candidates
    picks, gains = made
    stack, limits = np.empty(DEPTH), np.empty(len(keys), np.float32)
    for i in range(len(keys)):
        limits[i] = product_limit(distances[i], lengths[i], slacks[i], scale, rounding)
    for count in range(start, len(picks)):
        first = first_largest(keys)  # hence the lowest row
        key = keys[first]
        if key < 0 or key < stop.key or (key == stop.key and rows[first] > stop.row):
            return count, False
        if not has[first]:
            return count, True
        picks[count], gains[count] = first, key
        keys[first] = -1.0
        for i in range(len(keys)):
            if products[first, i] <= limits[i] and keys[i] >= 0:
                distance = pair_distance(vectors[i], vectors[first], plan, stack)
                if distance < distances[i]:
                    distances[i] = distance
                    limits[i] = product_limit(distance, lengths[i], slacks[i], scale, rounding)
                    keys[i] = distance * scores[i] if distance >= stop.min_distance else -1.0
    return len(picks), False

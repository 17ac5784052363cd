"""The driver's pool: the best proposals of all shards, and the greedy over them.

While the best of the pool comes before everything that was left out (the floor), it is what the sequential greedy
would pick, because the pool's keys are exact and everyone else's key is at most its bound.
"""

import numpy as np
from numpy.typing import NDArray

from lightly_ray.compiled import compiled
from lightly_ray.selection.distance import DEPTH, computable, pair_distance, summation_plan
from lightly_ray.selection.order import best, in_order, top
from lightly_ray.selection.protocol import Proposal
from lightly_ray.selection.screening.exact import limit_of
from lightly_ray.selection.screening.full import Plain
from lightly_ray.selection.screening.screen import as_centers
from lightly_ray.selection.threads import single_products

_AHEAD = 64  # rows


class Pool:
    """Exact keys of some rows, and the floor that bounds all others.

    Args:
        proposals: one per shard.
        size: how many rows to keep; the first one cut raises the floor.
        min_distance: rows nearer than that to a center are not eligible; 0 is off.
    """

    def __init__(self, proposals: list[Proposal], size: int, *, min_distance: float = 0.0) -> None:
        rows = np.concatenate([proposal.rows for proposal in proposals])
        near = np.concatenate([proposal.near for proposal in proposals])
        scores = [np.ones(len(p.rows)) if p.scores is None else p.scores for p in proposals]
        order = np.argsort(rows)
        self.rows, self.near, self.scores = rows[order], near[order], np.concatenate(scores)[order]
        self.floor = max((proposal.floor for proposal in proposals), key=in_order)
        self._min_distance = min_distance
        self._cut(size)

    def _cut(self, size: int) -> None:
        keys = self._keys()
        kept = top(keys, size)
        if len(kept) < len(keys):
            cut = np.setdiff1d(np.arange(len(keys)), kept, assume_unique=True)
            self.floor = max(self.floor, best(keys[cut], self.rows[cut]), key=in_order)
        # What does not beat the floor cannot be picked from this pool.
        key, row = self.floor
        kept = kept[(keys[kept] > key) | ((keys[kept] == key) & (self.rows[kept] < row))]
        self.rows, self.near, self.scores = self.rows[kept], self.near[kept], self.scores[kept]

    def _keys(self) -> NDArray[np.float64]:
        # A row with score 0 is never compared with anything: its distance may be inf.
        keys = np.zeros(len(self.near))
        np.multiply(self.near, self.scores, where=self.scores > 0, out=keys)
        return keys

    def pick(
        self, vectors: NDArray[np.floating], count: int
    ) -> tuple[NDArray[np.intp], NDArray[np.float64], tuple[float, int]]:
        """Greedy picks while they beat the floor.

        Args:
            vectors: (m, D), aligned with ``rows``.
            count: the most to pick.

        Returns:
            positions in the pool in the order of the picks; their gains; (key, row) of the first row, in the pool or
            out of it, that was not picked.
        """
        if not len(self.rows):
            return np.empty(0, np.intp), np.empty(0), self.floor
        products = _Products(computable(vectors))
        picks, gains = np.empty(min(count, len(self.rows)), np.intp), np.empty(min(count, len(self.rows)))
        keys, rules, made, waiting = self._keys(), (*self.floor, self._min_distance), 0, True
        while waiting:
            products.add(keys)
            state = self.rows, self.scores, self.near, keys, *rules, made, picks, gains
            made, waiting = _greedy(products.of, products.has, *products.exact, *products.bounds, *state)
        left = max(self.floor, best(keys, self.rows), key=in_order)
        return picks[:made], gains[:made], left


class _Products:
    """Screened products of rows of a pool with all of it, made for those that may be picked next.

    Attributes:
        of: (m, m) a row per row of the pool.
        has: (m,) which of them are there.
        exact: vectors and plan of the exact distance.
        bounds: what limits need.
    """

    def __init__(self, vectors: NDArray[np.floating]) -> None:
        count = len(vectors)
        screen = Plain(vectors, sample=128)
        self._features = np.empty((count, screen.width), np.float32)
        sized = screen.rows(vectors, np.arange(count, dtype=np.int32), self._features)
        self._columns = as_centers(self._features.copy()).T
        self.of, self.has = np.empty((count, count), np.float32), np.zeros(count, bool)
        self.exact = vectors, summation_plan(vectors.shape[1])
        reach, slack = sized.lengths.max(), sized.slacks.max()
        self.bounds = sized.lengths + reach, sized.slacks + slack, screen.scale, screen.rounding

    def add(self, keys: NDArray[np.float64]) -> None:
        """Make those of the rows with the largest keys that have none."""
        rows = np.flatnonzero(~self.has)
        rows = rows[top(keys[rows], _AHEAD)]
        with single_products():
            self.of[rows] = self._features[rows] @ self._columns
        self.has[rows] = True


@compiled()
def _greedy(  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917  # numba takes arrays, not objects
    products,
    has,
    vectors,
    plan,
    lengths,
    slacks,
    scale,
    rounding,
    rows,
    scores,
    near,
    keys,
    floor_key,
    floor_row,
    min_distance,
    start,
    picks,
    gains,
):
    """Go on picking until the floor wins or ``picks`` is full; picked and ineligible rows get key -1.

    Returns:
        how many picks there are; whether it stopped for the products of the next one.
    """
    stack, limits = np.empty(DEPTH), np.empty(len(keys), np.float32)
    for i in range(len(keys)):
        limits[i] = limit_of(near[i], lengths[i], slacks[i], scale, rounding)
    for made in range(start, len(picks)):
        first = np.argmax(keys)  # the first of equals, hence the lowest row
        key = keys[first]
        if key < 0 or key < floor_key or (key == floor_key and rows[first] > floor_row):
            return made, False
        if not has[first]:
            return made, True
        picks[made], gains[made] = first, key
        keys[first] = -1.0
        for i in range(len(keys)):
            if products[first, i] <= limits[i] and keys[i] >= 0:
                distance = pair_distance(vectors[i], vectors[first], plan, stack)
                if distance < near[i]:
                    near[i] = distance
                    limits[i] = limit_of(distance, lengths[i], slacks[i], scale, rounding)
                    keys[i] = distance * scores[i] if distance >= min_distance else -1.0
    return len(picks), False

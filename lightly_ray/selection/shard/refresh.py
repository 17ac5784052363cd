"""Bring bounds up to date: tiles of rows against blocks of centers, on all threads.

Every row knows how many centers it has been compared with. Rows are sorted by that and split over threads; each thread
walks through the centers block by block, oldest first. A row joins at the block of its first new center, and leaves
when its key falls under the threshold, so a row is compared with no more centers than that takes.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lightly_ray.selection.distance import computable, summation_plan
from lightly_ray.selection.screening.exact import Block, Limits, Nearest, Tile, Vectors, decide, decide_each
from lightly_ray.selection.screening.screen import Screen
from lightly_ray.selection.shard.bounds import Bounds
from lightly_ray.selection.shard.centers import Centers
from lightly_ray.selection.shard.neighbours import PENDING, ROWS, Neighbours, Pending, lower_by_neighbours
from lightly_ray.selection.threads import on_threads

TILE = 512  # rows per product
BLOCK = 256  # centers per product; with TILE, the products of one step stay in the cache
FEW = 4  # centers; so many are compared one by one, which takes less time than making the features of a row
AGAIN = 64  # centers; comparing with so many takes about as long as gathering the row once more


class Refresher:
    """Compares rows of one partition with centers.

    Args:
        stored: (N, D) vectors, of any float dtype.
        bounds: those to lower.
        threads: how many work at once.
    """

    def __init__(self, stored: NDArray[np.floating], bounds: Bounds, threads: int) -> None:
        self._stored, self._bounds = stored, bounds
        self._lowered = Nearest(bounds.upper, bounds.nearest)
        self._plan = summation_plan(stored.shape[1])
        self._neighbours = Neighbours()
        self._source = None if stored.dtype == np.float16 else computable(stored)
        self._buffers = [_Buffers(stored.shape[1] + 2) for _ in range(threads)]

    def refresh(self, rows: NDArray[np.int32], centers: Centers, threshold: float, common: int) -> int:
        """Compare rows with the centers that they do not know, until their keys fall under the threshold.

        Args:
            rows: positions in the partition.
            centers: all of them.
            threshold: a row whose key is under it needs no more comparisons.
            common: how many centers many of the rows have been compared with.

        Returns:
            How many pairs were compared.
        """
        pairs = self._lower_by_neighbours(rows, centers, threshold)
        rows = rows[self._bounds.keys(rows) >= threshold]
        compared = self._bounds.compared[rows]
        rows = rows[np.argsort(compared.astype(np.uint16) if len(centers) < 2**16 else compared, kind="stable")]
        count = len(self._buffers)
        shares = [(rows[thread::count], buffers) for thread, buffers in enumerate(self._buffers) if thread < len(rows)]

        def work(share: tuple[NDArray[np.int32], "_Buffers"]) -> int:
            return self._walk(share[0], centers, threshold, common=common, buffers=share[1])

        return pairs + sum(on_threads(count, work, shares))

    def _lower_by_neighbours(self, rows: NDArray[np.int32], centers: Centers, threshold: float) -> int:
        """Try the neighbours of the centers that the rows are nearest to."""
        bounds = self._bounds
        compared = bounds.compared[rows]
        rows = rows[(compared > 0) & (compared <= len(centers) - PENDING)]
        if not len(rows) or len(bounds.upper) < ROWS * len(centers):
            return 0
        self._neighbours.learn(centers.features, len(self._buffers))
        block, lists = Block(centers.vectors, 0, self._plan), self._neighbours.lists
        pending = Pending(threshold, bounds.scores, bounds.compared, centers.screen.scale)

        def work(some: NDArray[np.int32]) -> int:
            return int(lower_by_neighbours(self._readable(some), block, lists, pending, self._lowered))

        return sum(on_threads(len(self._buffers), work, [rows[at : at + 4096] for at in range(0, len(rows), 4096)]))

    def _walk(
        self, rows: NDArray[np.int32], centers: Centers, threshold: float, *, common: int, buffers: "_Buffers"
    ) -> int:
        """One thread's rows, ascending by the number of centers that they have been compared with."""
        compared, pairs = self._bounds.compared[rows], 0
        alive, joined, start = rows[:0], 0, int(compared[0])
        while start < len(centers) and (len(alive) or joined < len(rows)):
            stop = _block_end(compared, start, common, len(centers))
            upto = int(np.searchsorted(compared, stop))
            alive, joined = np.concatenate([alive, rows[joined:upto]]), upto
            step = self._step(centers, slice(start, stop))
            for at in range(0, len(alive), TILE):
                self._compare(alive[at : at + TILE], centers.screen, step, buffers)
            pairs += len(alive) * (stop - start)
            self._bounds.compared[alive] = stop
            alive = alive[self._bounds.keys(alive) >= threshold]
            start = stop if len(alive) or joined == len(rows) else int(compared[joined])
        return pairs

    def _step(self, centers: Centers, span: slice) -> "_Step":
        """A block of centers, ready to be compared with tiles of rows."""
        limits = Limits(*centers.sized(span), centers.screen.scale, centers.screen.rounding)
        return _Step(Block(centers.vectors[span], span.start, self._plan), centers.features[span].T, limits)

    def _compare(self, rows: NDArray[np.int32], screen: Screen, step: "_Step", buffers: "_Buffers") -> None:
        """One tile of rows with one block of centers."""
        vectors, count = self._readable(rows), len(step.block.vectors)
        if count <= FEW:
            decide_each(vectors, step.block, screen.scale, self._lowered)
            return
        features, products = buffers.views(len(rows), count, screen.width)
        sized = screen.tile(rows, vectors.source, vectors.positions, features)
        np.dot(features, step.columns, out=products)
        tile = Tile(products, products.view(np.int32), sized.lengths, sized.slacks)
        decide(vectors, step.block, tile, step.limits, self._lowered)

    def _readable(self, rows: NDArray[np.int32]) -> Vectors:
        """The vectors of some rows as numba can read them."""
        if self._source is not None:
            return Vectors(rows, self._source, rows)
        return Vectors(rows, computable(self._stored[rows]), np.arange(len(rows), dtype=np.int32))


class _Step(NamedTuple):
    """A block of centers: their vectors, their features as columns, and the limits of their products."""

    block: Block
    columns: NDArray[np.float32]
    limits: Limits


class _Buffers:
    """What one thread writes to: features of a tile, and products of a tile and a block."""

    def __init__(self, width: int) -> None:
        self._features = np.empty(TILE * width, np.float32)
        self._products = np.empty(TILE * BLOCK, np.float32)

    def views(self, rows: int, centers: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        features = self._features[: rows * width].reshape(rows, width)
        return features, self._products[: rows * centers].reshape(rows, centers)


def _block_end(compared: NDArray[np.int32], start: int, common: int, last: int) -> int:
    """Where a block of centers ends that begins at ``start``, for rows compared with so many (ascending).

    A block across ``common`` compares the rows that begin there with centers that they have been compared with; a
    block that ends there makes the rows before them be gathered twice. What takes less time is done.
    """
    stop = min(start + BLOCK, last)
    if not start < common < stop:
        return stop
    before, joined = np.searchsorted(compared, (common, common + 1)).tolist()
    return stop if (joined - before) * (common - start) < before * AGAIN else common

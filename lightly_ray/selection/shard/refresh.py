"""Bring bounds up to date: tiles of rows against blocks of centers, on all threads.

Rows come with an age: how many centers they have been compared with. They are sorted by age and split over threads;
each thread walks through the centers block by block, oldest first. A row joins at the block that holds its age, and
leaves when its bound falls under the threshold, so a row is compared with no more centers than that takes.
"""

import numpy as np
from numpy.typing import NDArray

from lightly_ray.selection.distance import computable, summation_plan
from lightly_ray.selection.screening.exact import decide, decide_each
from lightly_ray.selection.shard.bounds import Keys
from lightly_ray.selection.shard.centers import Centers
from lightly_ray.selection.shard.neighbours import PENDING, ROWS, Neighbours, ask
from lightly_ray.selection.threads import on_threads

TILE = 512  # rows per product
BLOCK = 256  # centers per product; with TILE, the products of one step stay in the cache
FEW = 4  # centers; so many are compared one by one, which takes less time than making the features of a row
AGAIN = 64  # centers; comparing with so many takes about as long as gathering the row once more


class Refresher:
    """Compares rows of one partition with centers.

    Args:
        stored: (N, D) vectors, of any float dtype.
        keys: the bounds to lower.
        threads: how many work at once.
    """

    def __init__(self, stored: NDArray[np.floating], keys: Keys, threads: int) -> None:
        self._stored, self._keys = stored, keys
        self._plan = summation_plan(stored.shape[1])
        self._neighbours = Neighbours()
        self._source = None if stored.dtype == np.float16 else computable(stored)
        self._buffers = [_Buffers(stored.shape[1] + 2) for _ in range(threads)]

    def refresh(self, rows: NDArray[np.int32], centers: Centers, threshold: float, seam: int) -> int:
        """Compare rows with the centers that they do not know, until their keys fall under the threshold.

        Args:
            rows: positions in the partition.
            centers: all of them.
            threshold: a row whose key is under it needs no more comparisons.
            seam: an age that many of the rows share.

        Returns:
            How many pairs were compared.
        """
        asked = self._ask(rows, centers, threshold)
        rows = rows[self._keys.of(rows) >= threshold]
        ages = self._keys.age[rows]
        rows = rows[np.argsort(ages.astype(np.uint16) if len(centers) < 2**16 else ages, kind="stable")]
        count = len(self._buffers)
        parts = [(rows[part::count], buffers) for part, buffers in enumerate(self._buffers) if part < len(rows)]

        def work(item: tuple[NDArray[np.int32], "_Buffers"]) -> int:
            return self._walk(item[0], centers, threshold, seam=seam, buffers=item[1])

        return asked + sum(on_threads(count, work, parts))

    def _ask(self, rows: NDArray[np.int32], centers: Centers, threshold: float) -> int:
        """Try the neighbours of the rows' homes."""
        keys = self._keys
        ages = keys.age[rows]
        rows = rows[(ages > 0) & (ages <= len(centers) - PENDING)]
        if not len(rows) or len(keys.near) < ROWS * len(centers):
            return 0
        self._neighbours.learn(centers.features, len(self._buffers))
        lists, scale = self._neighbours.lists, centers.screen.scale

        def work(part: NDArray[np.int32]) -> int:
            source, positions = self._readable(part)
            exact = source, positions, centers.vectors, lists, self._plan, scale
            return int(ask(part, *exact, keys.age, keys.scores, threshold, keys.home, keys.near))

        return sum(on_threads(len(self._buffers), work, [rows[at : at + 4096] for at in range(0, len(rows), 4096)]))

    def _walk(
        self, rows: NDArray[np.int32], centers: Centers, threshold: float, *, seam: int, buffers: "_Buffers"
    ) -> int:
        """One thread's rows, ascending by age."""
        ages, pairs = self._keys.age[rows], 0
        alive, joined, start = rows[:0], 0, int(ages[0])
        while start < len(centers) and (len(alive) or joined < len(rows)):
            stop = _block_end(ages, start, seam, len(centers))
            upto = int(np.searchsorted(ages, stop))
            alive, joined = np.concatenate([alive, rows[joined:upto]]), upto
            for at in range(0, len(alive), TILE):
                self._compare(alive[at : at + TILE], centers, slice(start, stop), buffers)
            pairs += len(alive) * (stop - start)
            self._keys.age[alive] = stop
            alive = alive[self._keys.of(alive) >= threshold]
            start = stop if len(alive) or joined == len(rows) else int(ages[joined])
        return pairs

    def _compare(self, rows: NDArray[np.int32], centers: Centers, block: slice, buffers: "_Buffers") -> None:
        """One tile of rows with one block of centers."""
        screen, count = centers.screen, block.stop - block.start
        source, positions = self._readable(rows)
        exact = source, positions, centers.vectors[block], block.start, self._plan
        if count <= FEW:
            decide_each(rows, *exact, screen.scale, self._keys.home, self._keys.near)
            return
        features, products = buffers.of(len(rows), count, screen.width)
        sized = screen.tile(rows, source, positions, features)
        np.dot(features, centers.features[block].T, out=products)
        limits = *centers.sized(block), screen.scale, screen.rounding
        tile = products, products.view(np.int32), rows, sized.lengths, sized.slacks
        decide(*tile, *exact, *limits, self._keys.home, self._keys.near)

    def _readable(self, rows: NDArray[np.int32]) -> tuple[NDArray[np.floating], NDArray[np.int32]]:
        """An array that numba can read, and where in it the rows are."""
        if self._source is not None:
            return self._source, rows
        return computable(self._stored[rows]), np.arange(len(rows), dtype=np.int32)


class _Buffers:
    """What one thread writes to: features of a tile, and products of a tile and a block."""

    def __init__(self, width: int) -> None:
        self._features = np.empty(TILE * width, np.float32)
        self._products = np.empty(TILE * BLOCK, np.float32)

    def of(self, rows: int, centers: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        features = self._features[: rows * width].reshape(rows, width)
        return features, self._products[: rows * centers].reshape(rows, centers)


def _block_end(ages: NDArray[np.int32], start: int, seam: int, last: int) -> int:
    """Where a block of centers ends that begins at ``start``, for rows of these ages, ascending.

    A block across the seam compares the rows of that age with centers that they know; a block that ends there makes
    the older rows be gathered twice. What takes less time is done.
    """
    stop = min(start + BLOCK, last)
    if not start < seam < stop:
        return stop
    older, joined = np.searchsorted(ages, (seam, seam + 1)).tolist()
    return stop if (joined - older) * (seam - start) < older * AGAIN else seam

"""The nearest neighbours of one sample, by comparing it with all others: exact, in one pass over the embedding's file.

    distance = sqrt(sum (a - b)^2) in float64 on the stored values; equal ones: the lowest row first

A float32 pass leaves out what cannot be among the nearest, which is nearly all. Its differences are exact up to one
rounding each, so with eps = 2^-23 its sum of D squares is within a factor 1 +- (D + 4) eps of the true one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lightly_ray.data.vectors import Matrix
from lightly_ray.errors import NotFoundError
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services import vector_file
from lightly_ray.platform.services.columns.positions import rows_of
from lightly_ray.platform.storage.store import embeddings
from lightly_ray.platform.storage.store.records import Embedding


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another sample, and how far away it is."""

    row: int
    distance: float


def neighbours(platform: Platform, embedding: Embedding, row: int, count: int) -> list[Neighbour]:
    """The ``count`` nearest others of a sample, or all where there are fewer, the nearest first.

    Raises:
        ConflictError: nothing has been uploaded (EMBEDDING_NOT_READY).
        NotFoundError: the sample has no vector in this embedding.
    """
    rows = rows_of(platform, embedding)
    lines = np.flatnonzero(rows == row) if row >= 0 else rows[:0]
    if not len(lines):
        raise NotFoundError(f"row {row} has no vector in the embedding {embedding.name!r}")
    line, key = int(lines[0]), embeddings.require_file(embedding)
    nearest = _Nearest(vector_file.vector_at(platform.blobs, key, line), count)
    for start, vectors in vector_file.batches(platform.blobs, key):
        there = rows[start : start + len(vectors)]
        others = np.flatnonzero((there >= 0) & (there != row))
        nearest.add(there[others], vectors if len(others) == len(vectors) else vectors[others])
    pairs = zip(nearest.rows.tolist(), np.sqrt(nearest.squares).tolist(), strict=True)
    return [Neighbour(*pair) for pair in pairs]


class _Nearest:
    """The nearest rows so far.

    Attributes:
        rows: (at most ``count``,) the nearest first.
        squares: (at most ``count``,) their squared distances, float64.
    """

    def __init__(self, center: Matrix, count: int) -> None:
        self._center, self._count = center, count
        self.rows = np.zeros(0, dtype=np.int64)
        self.squares = np.zeros(0)

    def add(self, rows: NDArray[np.int64], vectors: Matrix) -> None:
        """Take (n, D) vectors."""
        some = self._candidates(vectors)
        squares = np.square(vectors[some].astype(np.float64) - self._center.astype(np.float64)).sum(axis=1)
        all_rows, all_squares = np.append(self.rows, rows[some]), np.append(self.squares, squares)
        order = np.lexsort((all_rows, all_squares))[: self._count]
        self.rows, self.squares = all_rows[order], all_squares[order]

    def _candidates(self, vectors: Matrix) -> NDArray[np.int64]:
        if len(vectors) <= self._count or vectors.dtype == np.float64:
            return np.arange(len(vectors))
        with np.errstate(over="ignore", invalid="ignore"):
            steps = vectors.astype(np.float32, copy=False) - self._center.astype(np.float32)
            rough = np.einsum("ij,ij->i", steps, steps)
        largest = np.partition(rough, self._count - 1)[self._count - 1].astype(np.float64)
        if len(self.squares) == self._count:
            largest = min(largest, self.squares[-1])
        slack = (vectors.shape[1] + 4) * float(np.finfo(np.float32).eps)
        # The slack of either side twice; what left the range of float32, up or down, stays in.
        tiny = 2 * float(np.finfo(np.float32).tiny) * vectors.shape[1]
        return np.flatnonzero(~(rough > largest * (1 + 4 * slack) + tiny) | ~np.isfinite(rough))

"""The vectors of an embedding's file, some thousand at a time: memory stays flat, whatever the size of the file."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from lightly_ray.data.vectors import Matrix, matrix
from lightly_ray.platform.storage.blobs import Blobs

_BATCH_BYTES = 4 * 2**20  # what a core keeps near
_BUFFER = 2**20


def vector_at(blobs: Blobs, key: str, line: int) -> Matrix:
    """The (D,) vector of one line; its row group alone is read."""
    with _open(blobs, key) as file:
        first = 0
        for group in range(file.metadata.num_row_groups):
            count = file.metadata.row_group(group).num_rows
            if line < first + count:
                for start, vectors in _batches(file, [group]):
                    if line < first + start + len(vectors):
                        return np.array(vectors[line - first - start])
            first += count
    raise IndexError(f"line {line} of {first}")


def whole(blobs: Blobs, key: str) -> Matrix:
    """All (N, D) vectors, with one batch more in memory."""
    with _open(blobs, key) as file:
        groups = list(range(file.metadata.num_row_groups))
        kind = file.schema_arrow.field("embedding").type
        found = np.empty((file.metadata.num_rows, kind.list_size), kind.value_type.to_pandas_dtype())
        for start, vectors in _batches(file, groups):
            found[start : start + len(vectors)] = vectors
    return found


def batches(blobs: Blobs, key: str) -> Iterator[tuple[int, Matrix]]:
    """The first line of each batch, and its (n, D) vectors."""
    with _open(blobs, key) as file:
        yield from _batches(file, list(range(file.metadata.num_row_groups)))


def _batches(file: Any, groups: list[int]) -> Iterator[tuple[int, NDArray[np.floating]]]:
    kind = file.schema_arrow.field("embedding").type
    rows = max(1, _BATCH_BYTES // (kind.list_size * kind.value_type.bit_width // 8))
    start = 0
    for batch in file.iter_batches(rows, row_groups=groups, columns=["embedding"]):
        yield start, matrix(batch.column("embedding"))
        start += len(batch)


@contextmanager
def _open(blobs: Blobs, key: str) -> Iterator[Any]:
    with blobs.open(key) as stream:
        # Without pre_buffer only the pages of the next batch are in memory, not a whole row group.
        yield pq.ParquetFile(stream, pre_buffer=False, buffer_size=_BUFFER)

"""Which shard holds which rows, and where it reads them.

The rows that matter are dealt out chunk by chunk (row group, Dataset block, run of an array), each to the
shard that has the fewest so far. Neighbours in a file are often alike; dealt out, they spread over all
shards, which keeps all of them busy in every round. A chunk that is large for a shard is cut.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import ray
from numpy.typing import NDArray

from lightly_ray.data.parquet import ParquetSource
from lightly_ray.data.sources import ArraySource, Blocks, NpySource, Source
from lightly_ray.data.table_source import TableSource
from lightly_ray.data.vectors import Layout, Matrix, VectorFault
from lightly_ray.parallel.selection.dataset_source import DatasetSource

_PIECES = 4  # a chunk larger than this share of a shard is cut
_RUN_BYTES = 8 << 20  # what one read of an array should bring


class Partition(Protocol):
    """The rows of one shard, and how its worker reads them. Asked each time a worker starts."""

    @property
    def rows(self) -> NDArray[np.int64]:
        """(n,) ascending."""

    def for_worker(self) -> Blocks:
        """What is sent to the worker: small, or in the object store."""


def partition_rows(source: Source, needed: NDArray[np.int64], partitions: int) -> list[Partition]:
    """Deal rows out to shards.

    Args:
        source: where they lie.
        needed: (n,) ascending rows that matter; no other is ever read.
        partitions: how many shards; fewer where there are fewer rows.

    Returns:
        One partition per shard.
    """
    partitions = max(1, min(partitions, len(needed)))
    if isinstance(source, DatasetSource):
        matters = np.zeros(source.count, dtype=np.bool_)
        matters[needed] = True
        positions = np.flatnonzero(matters[source.row_of])
        dealt = _deal(positions, source.starts, partitions)
        return [_DatasetPartition(np.sort(source.row_of[mine]), source, mine) for mine in dealt]
    dealt = _deal(needed, _chunks(source), partitions)
    if isinstance(source, ArraySource) and not isinstance(source, NpySource):
        return [_ArrayPartition(rows, source) for rows in dealt]
    if isinstance(source, TableSource):
        return [_TablePartition(rows, source) for rows in dealt]
    return [_FilePartition(rows, source) for rows in dealt]


@dataclass(frozen=True, slots=True, eq=False)
class _FilePartition:
    rows: NDArray[np.int64]
    source: Source

    def for_worker(self) -> Blocks:
        return self.source


@dataclass(frozen=True, slots=True, eq=False)
class _DatasetPartition:
    rows: NDArray[np.int64]
    source: DatasetSource
    positions: NDArray[np.int64]

    def for_worker(self) -> Blocks:
        return self.source.taken(self.positions)


@dataclass(frozen=True, slots=True, eq=False)
class _ArrayPartition:
    rows: NDArray[np.int64]
    source: ArraySource

    def for_worker(self) -> Blocks:
        # The array is the driver's own. What is put here is gone with its node, and simply put again.
        return StoredRows(self.source.layout, ray.put(self.source.array[self.rows]))


@dataclass(frozen=True, slots=True, eq=False)
class _TablePartition:
    rows: NDArray[np.int64]
    source: TableSource

    def for_worker(self) -> Blocks:
        return StoredTable(self.source.layout, ray.put(self.source.taken(self.rows)))


@dataclass(frozen=True, slots=True, eq=False)
class StoredTable:
    """The rows of one shard as a table in the object store."""

    layout: Layout
    stored: "ray.ObjectRef[TableSource]"

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Matrix | VectorFault]]:
        """Yield all of them; ``rows`` are their rows."""
        for part, block in ray.get(self.stored).blocks(np.arange(len(rows))):
            yield rows[part], replace(block, row=int(rows[block.row])) if isinstance(block, VectorFault) else block


@dataclass(frozen=True, slots=True, eq=False)
class StoredRows:
    """The vectors of one shard in the object store."""

    layout: Layout
    stored: "ray.ObjectRef[Matrix]"

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Matrix | VectorFault]]:
        """Yield all of them; ``rows`` are their rows."""
        array = ray.get(self.stored)
        for start in range(0, len(rows), self.layout.block_rows):
            stop = start + self.layout.block_rows
            yield rows[start:stop], array[start:stop].astype(self.layout.dtype, copy=False)


def _chunks(source: Source) -> NDArray[np.int64]:
    """(c + 1,) first rows of what is best read in one go, and the end."""
    if isinstance(source, ParquetSource):
        return source.starts
    step = max(1, _RUN_BYTES // source.layout.row_bytes)
    return np.append(np.arange(0, source.count, step, dtype=np.int64), source.count)


def _deal(places: NDArray[np.int64], starts: NDArray[np.int64], partitions: int) -> list[NDArray[np.int64]]:
    """Give each of ``partitions`` shards whole chunks of ``places`` (ascending), about equally many places."""
    limit = max(1, len(places) // (_PIECES * partitions))
    hands: list[list[NDArray[np.int64]]] = [[] for _ in range(partitions)]
    fewest = [(0, shard) for shard in range(partitions)]
    for chunk in np.split(places, np.searchsorted(places, starts[1:-1])):
        for piece in np.array_split(chunk, -(-len(chunk) // limit)) if len(chunk) else ():
            held, shard = heapq.heappop(fewest)
            hands[shard].append(piece)
            heapq.heappush(fewest, (held + len(piece), shard))
    return [np.concatenate(hand) if hand else places[:0] for hand in hands]

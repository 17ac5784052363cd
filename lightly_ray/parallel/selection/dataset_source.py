"""Embeddings in a `ray.data.Dataset`: the blocks stay where they are, and row i is the i-th id in order.

Blocks come in any order and size, and a Dataset executed twice may cut them differently. The rank of the
id is the same every time. Ids and scores come to the driver; embeddings go from the object store straight
to the worker that asks for them. A block that is lost with its node is made again by Ray from its lineage.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import ray
from numpy.typing import NDArray
from ray.data import Dataset
from ray.exceptions import RayError, RayTaskError

from lightly_ray.data.ids import Ids, strings
from lightly_ray.data.vectors import Layout, Matrix, VectorFault, arrow_layout, arrow_matrix
from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel.cluster import connect
from lightly_ray.parallel.errors import plain_errors

Block = ray.ObjectRef[pa.Table]


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """Some rows of one block.

    Attributes:
        block: where it is.
        offsets: (m,) positions in the block.
        rows: (m,) their rows.
    """

    block: Block
    offsets: NDArray[np.int64]
    rows: NDArray[np.int64]


class DatasetSource:
    """N rows of a Dataset, executed once.

    Args:
        dataset: with one row per sample.
        id_column: strings.
        embedding_column: lists or tensors of floats; None where no vectors are needed.
        others: further columns that `column` will be asked for.

    Raises:
        InvalidInputError: a column is missing, an id comes twice, or there are no rows.
    """

    def __init__(
        self, dataset: Dataset, id_column: str, embedding_column: str | None, others: tuple[str, ...] = ()
    ) -> None:
        columns = [name for name in dict.fromkeys([id_column, embedding_column, *others]) if name is not None]
        with _executing():
            present = dataset.columns() or []
        for name in columns:
            if name not in present:
                raise InvalidInputError(f"the dataset has no column {name!r}, it has {', '.join(map(repr, present))}")
        self._embedding = embedding_column
        with _executing():
            blocks: list[Block] = dataset.select_columns(columns).materialize().to_arrow_refs()
        names = ray.get([_read_column.remote(block, id_column) for block in blocks])
        self._blocks = [block for block, column in zip(blocks, names, strict=True) if len(column)]
        self.starts = np.cumsum([0, *(len(column) for column in names if len(column))], dtype=np.int64)
        self.count = int(self.starts[-1])
        if not self.count:
            raise InvalidInputError("the dataset has no rows")
        what = f"the column {id_column!r}"
        texts = strings(pa.chunked_array(chunk for column in names for chunk in column.chunks), what)
        self._order = pc.sort_indices(texts).to_numpy()
        self.row_of = np.empty(self.count, dtype=np.int64)
        self.row_of[self._order] = np.arange(self.count)
        self.ids = Ids.from_values(texts.take(pa.array(self._order)), what)

    @cached_property
    def layout(self) -> Layout:
        """How every vector is stored, which the first ones show."""
        with plain_errors():
            layout: Layout = ray.get(_layout.remote(self._blocks[0], cast("str", self._embedding)))
        return layout

    def column(self, name: str) -> pa.ChunkedArray:
        """The (N,) values of another column, by row."""
        parts = ray.get([_read_column.remote(block, name) for block in self._blocks])
        return pa.chunked_array(chunk for part in parts for chunk in part.chunks).take(pa.array(self._order))

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Matrix | VectorFault]]:
        """Yield the vectors of ``rows``, block by block."""
        chosen = np.zeros(self.count, dtype=np.bool_)
        chosen[rows] = True
        yield from self.taken(np.flatnonzero(chosen[self.row_of])).blocks(rows)

    def taken(self, positions: NDArray[np.int64]) -> "TakenBlocks":
        """What one shard reads.

        Args:
            positions: (m,) ascending, of rows in the order in which the blocks hold them.
        """
        parts = []
        block_of = np.searchsorted(self.starts, positions, side="right") - 1
        for number in np.unique(block_of).tolist():
            mine = positions[block_of == number]
            parts.append(Taken(self._blocks[number], mine - self.starts[number], self.row_of[mine]))
        return TakenBlocks(self.layout, self._embedding, parts)


@dataclass(frozen=True, slots=True, eq=False)
class TakenBlocks:
    """Rows of some blocks, read where this is."""

    layout: Layout
    column: str | None
    parts: list[Taken]

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Matrix | VectorFault]]:
        """Yield all of them; ``rows`` are the same rows, ascending."""
        for part in self.parts:
            table: pa.Table = ray.get(part.block)
            column = table.column(self.column)
            for start in range(0, len(part.rows), self.layout.block_rows):
                piece = slice(start, start + self.layout.block_rows)
                chunk = column.take(pa.array(part.offsets[piece])).combine_chunks()
                yield part.rows[piece], arrow_matrix(chunk, self.layout, part.rows[piece], f"column {self.column!r}")


def dataset_of(table: pa.Table) -> Dataset:
    """A table as a Dataset, on the Ray that is there or one that lasts as long as the process."""
    connect()
    return ray.data.from_arrow(table)


@contextmanager
def _executing() -> Iterator[None]:
    # A file that cannot be read shows only now; an error of the caller's functions, a RayError too, is the caller's.
    try:
        yield
    except RayTaskError as error:
        if isinstance(error.cause, RayError):
            raise
        raise InvalidInputError(f"the dataset cannot be read: {type(error.cause).__name__}: {error.cause}") from error


@ray.remote(num_cpus=0)
def _read_column(block: pa.Table, name: str) -> pa.ChunkedArray:
    return block.column(name)


@ray.remote(num_cpus=0)
def _layout(block: pa.Table, name: str) -> Layout:
    column: Any = block.column(name).slice(0, 64).combine_chunks()
    return arrow_layout(column, f"the column {name!r}")

"""Embeddings in a `ray.data.Dataset`: the blocks stay where they are, and row i is the i-th id in order.

Blocks come in any order and size, and a Dataset executed twice may cut them differently. The rank of the
id is the same every time. Ids and scores come to the driver; embeddings go from the object store straight
to the worker that asks for them. A block that is lost with its node is made again by Ray from its lineage.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import ray
from numpy.typing import NDArray
from ray.data import Dataset
from ray.exceptions import RayError, RayTaskError

from lightly_ray.data.ids import Ids, strings
from lightly_ray.data.joined_columns import join_columns
from lightly_ray.data.unusable import Reasons, unusable_in_column
from lightly_ray.data.vectors import Layout, Matrix, VectorFault, arrow_layout, arrow_matrix
from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel.cluster import connect
from lightly_ray.parallel.errors import plain_errors
from lightly_ray.parallel.quiet import quiet_data
from lightly_ray.parallel.waiting import with_room

Block = ray.ObjectRef[pa.Table]
_LOOK_ROWS = 1024  # looked at in one go where the layout is sought


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
        remote_args: of the tasks that look at its blocks.

    Raises:
        InvalidInputError: a column is missing, an id comes twice, or there are no rows.
    """

    def __init__(
        self,
        dataset: Dataset,
        id_column: str,
        embedding_column: str | None,
        others: tuple[str, ...] = (),
        *,
        remote_args: Mapping[str, Any] | None = None,
    ) -> None:
        self._remote_args = dict(remote_args or {})
        columns = [name for name in dict.fromkeys([id_column, embedding_column, *others]) if name is not None]
        with _executing(), quiet_data(dataset):
            present = with_room(dataset.columns, "read the dataset")
        if present is None:  # a filter left nothing, not even the columns
            raise InvalidInputError("the dataset has no rows")
        for name in columns:
            if name not in present:
                raise InvalidInputError(f"the dataset has no column {name!r}, it has {', '.join(map(repr, present))}")
        self._embedding = embedding_column or ""
        self._layout: Layout | None = None
        chosen = dataset.select_columns(columns)
        with _executing(), quiet_data(chosen):
            blocks: list[Block] = with_room(lambda: chosen.materialize().to_arrow_refs(), "read the dataset")
        names = ray.get([self._task(_read_column).remote(block, id_column) for block in blocks])
        self._blocks = [block for block, column in zip(blocks, names, strict=True) if len(column)]
        self.starts = np.cumsum([0, *(len(column) for column in names if len(column))], dtype=np.int64)
        self.count = int(self.starts[-1])
        if not self.count:
            raise InvalidInputError("the dataset has no rows")
        what = f"the column {id_column!r}"
        texts = strings(join_columns(names, id_column), what)
        self._order = pc.sort_indices(texts).to_numpy()
        self.row_of = np.empty(self.count, dtype=np.int64)
        self.row_of[self._order] = np.arange(self.count)
        self.ids = Ids.from_values(texts.take(pa.array(self._order)), what)

    @property
    def layout(self) -> Layout:
        """How every vector is stored."""
        if self._layout is None:
            self.learn_layout(np.arange(self.count))
        return self._layout  # type: ignore[return-value]  # learned, or an error

    def learn_layout(self, rows: NDArray[np.int64]) -> None:
        """Take the layout of the first vector that the blocks hold of these rows."""
        where = f"the column {self._embedding!r}"
        with plain_errors():
            found = (
                ray.get(self._task(_look_at_embeddings).remote(part.block, self._embedding, part.offsets, where))
                for part in self._parts(rows)
            )
            self._layout = next((layout for layout in found if layout is not None), None)
        if self._layout is None:
            raise InvalidInputError(f"{where}: all embeddings are missing (null)")

    def unusable(self, rows: NDArray[np.int64], *, normalize: bool) -> Reasons:
        """Those of ``rows`` without a vector that can be used, found where the blocks are."""
        with plain_errors():
            found = ray.get(
                [
                    self._task(_find_unusable_embeddings).remote(part, self._embedding, self.layout, normalize)
                    for part in self._parts(rows)
                ]
            )
        return {row: reason for reasons in found for row, reason in reasons.items()}

    def column(self, name: str) -> pa.ChunkedArray:
        """The (N,) values of another column, by row."""
        parts = ray.get([self._task(_read_column).remote(block, name) for block in self._blocks])
        return join_columns(parts, name).take(pa.array(self._order))

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Matrix | VectorFault]]:
        """Yield the vectors of ``rows``, block by block."""
        yield from TakenBlocks(self.layout, self._embedding, self._parts(rows)).blocks(rows)

    def taken(self, positions: NDArray[np.int64]) -> "TakenBlocks":
        """What one shard reads.

        Args:
            positions: (m,) ascending, of rows in the order in which the blocks hold them.
        """
        return TakenBlocks(self.layout, self._embedding, self._at(positions))

    def _task(self, function: Any) -> Any:
        return function.options(**self._remote_args)

    def _parts(self, rows: NDArray[np.int64]) -> list[Taken]:
        chosen = np.zeros(self.count, dtype=np.bool_)
        chosen[rows] = True
        return self._at(np.flatnonzero(chosen[self.row_of]))

    def _at(self, positions: NDArray[np.int64]) -> list[Taken]:
        parts = []
        block_of = np.searchsorted(self.starts, positions, side="right") - 1
        for number in np.unique(block_of).tolist():
            mine = positions[block_of == number]
            parts.append(Taken(self._blocks[number], mine - self.starts[number], self.row_of[mine]))
        return parts


@dataclass(frozen=True, slots=True, eq=False)
class TakenBlocks:
    """Rows of some blocks, read where this is."""

    layout: Layout
    column: str
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
    # An empty block may have no columns at all.
    return block.column(name) if len(block) else pa.chunked_array([], pa.null())


@ray.remote(num_cpus=0)
def _look_at_embeddings(block: pa.Table, name: str, offsets: NDArray[np.int64], where: str) -> Layout | None:
    column = block.column(name)
    for start in range(0, len(offsets), _LOOK_ROWS):
        part: Any = column.take(pa.array(offsets[start : start + _LOOK_ROWS])).combine_chunks()
        layout = arrow_layout(part, where)
        if layout is not None:
            return layout
    return None


@ray.remote(num_cpus=0)
def _find_unusable_embeddings(part: Taken, name: str, layout: Layout, normalize: bool) -> Reasons:
    column = cast("pa.Table", ray.get(part.block)).column(name)
    reasons: Reasons = {}
    for start in range(0, len(part.rows), layout.block_rows):
        piece = slice(start, start + layout.block_rows)
        chunk: Any = column.take(pa.array(part.offsets[piece])).combine_chunks()
        reasons |= unusable_in_column(chunk, layout, part.rows[piece], f"column {name!r}", normalize=normalize)
    return reasons

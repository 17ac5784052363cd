"""Embeddings in an Arrow table in memory, and what a DataFrame becomes."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray.data.unusable import Reasons, unusable_in_column
from lightly_ray.data.vectors import Layout, Matrix, VectorFault, arrow_matrix, first_layout
from lightly_ray.errors import InvalidInputError

_LOOK_ROWS = 1024  # looked at in one go where the layout is sought


class TableSource:
    """N rows of a table.

    Args:
        table: in memory.
        embedding_column: lists or tensors of floats; None where no vectors are needed.

    Raises:
        InvalidInputError: there is no such column, or there are no rows.
    """

    def __init__(self, table: pa.Table, embedding_column: str | None) -> None:
        self._table, self._embedding = table, embedding_column
        self._layout: Layout | None = None
        self.count = len(table)
        if not self.count:
            raise InvalidInputError("the table has no rows")
        if embedding_column is not None:
            self.column(embedding_column)

    @property
    def layout(self) -> Layout:
        """How every vector is stored."""
        if self._layout is None:
            self.learn_layout(np.arange(self.count))
        return self._layout  # type: ignore[return-value]  # learned, or an error

    def learn_layout(self, rows: NDArray[np.int64]) -> None:
        """Take the layout of the first of these rows that has a vector."""
        self._layout = first_layout((column for _, column in self._columns(rows, _LOOK_ROWS)), self._where)

    def column(self, name: str) -> pa.ChunkedArray:
        """The (N,) values of a column."""
        names = self._table.column_names
        if name not in names:
            raise InvalidInputError(f"the table has no column {name!r}, it has {', '.join(map(repr, names))}")
        return self._table.column(name)

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Matrix | VectorFault]]:
        """Yield the vectors of ``rows``."""
        for part, column in self._columns(rows, self.layout.block_rows):
            yield part, arrow_matrix(column, self.layout, part, self._where)

    def unusable(self, rows: NDArray[np.int64], *, normalize: bool) -> Reasons:
        """Those of ``rows`` without a vector that can be used."""
        reasons: Reasons = {}
        for part, column in self._columns(rows, self.layout.block_rows):
            reasons |= unusable_in_column(column, self.layout, part, self._where, normalize=normalize)
        return reasons

    def taken(self, rows: NDArray[np.int64]) -> "TableSource":
        """A source of these rows alone, of the same layout."""
        chosen = TableSource(self._table.select([self._embedding]).take(pa.array(rows)), self._embedding)
        chosen._layout = self.layout
        return chosen

    @property
    def _where(self) -> str:
        return f"column {self._embedding!r}"

    def _columns(self, rows: NDArray[np.int64], step: int) -> Iterator[tuple[NDArray[np.int64], pa.Array]]:
        column = self.column(str(self._embedding))
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            yield part, column.take(pa.array(part)).combine_chunks()

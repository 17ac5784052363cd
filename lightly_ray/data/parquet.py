"""Embeddings in Parquet files: each worker reads the row groups that hold its rows, and no others.

Row i is the i-th row of the files sorted by path. Footers are read once, at the beginning; a file that has
other rows afterwards is refused. A row group is decoded in batches, so one that is larger
than the memory does no harm.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from lightly_ray.data.joined_columns import join_columns
from lightly_ray.data.listing import find_files, list_files
from lightly_ray.data.location import Location
from lightly_ray.data.unusable import Reasons, unusable_in_column
from lightly_ray.data.vectors import Layout, Matrix, VectorFault, arrow_layout, arrow_matrix
from lightly_ray.errors import InvalidInputError

_FOOTER_THREADS = 16  # Footers of files in an object store wait for the network, not for a CPU.
_BUFFER = 1 << 20  # bytes of a column asked for at once
_LOOK_ROWS = 1024  # looked at in one go where the layout is sought


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    first_row: int
    starts: NDArray[np.int64]  # (groups + 1,) first row of each row group, and the end, in the whole data set


class ParquetSource:
    """Rows of Parquet files.

    Args:
        places: file, folder, pattern, or several of them, on one file system.
        embedding_column: list, fixed-size-list or tensor column of floats; None where no vectors are needed.

    Raises:
        NotFoundError: no file is there.
        UnreadableError: a file cannot be read.
        InvalidInputError: it has no such column, or there are no rows.

    Attributes:
        count: N.
        starts: (groups + 1,) first row of every row group, and N.
    """

    def __init__(self, places: Sequence[Location], embedding_column: str | None) -> None:
        names = find_files(places, ".parquet")[1]
        self._place = places[0]
        self._column = embedding_column
        self._layout: Layout | None = None
        with ThreadPoolExecutor(_FOOTER_THREADS) as pool:
            footers = list(pool.map(self._footer, names))
        self._files: list[_File] = []
        row = 0
        for name, sizes in zip(names, footers, strict=True):
            starts = row + np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
            self._files.append(_File(name, row, starts.astype(np.int64)))
            row = int(starts[-1])
        self.count = row
        self.starts = np.concatenate([entry.starts[:-1] for entry in self._files] + [np.array([row], dtype=np.int64)])
        if not row:
            raise InvalidInputError(f"{places[0].shown!r}: there are no rows")

    @property
    def layout(self) -> Layout:
        """How every vector is stored."""
        if self._layout is None:
            self.learn_layout(np.arange(self.count))
        return self._layout  # type: ignore[return-value]  # learned, or an error

    def learn_layout(self, rows: NDArray[np.int64]) -> None:
        """Take the layout of the first of these rows that has a vector."""
        parts = ((column, path) for _, column, path in self._columns(rows, _LOOK_ROWS))
        found = ((arrow_layout(column, self._where(path))) for column, path in parts)
        self._layout = next((layout for layout in found if layout is not None), None)
        if self._layout is None:
            raise InvalidInputError(f"{self._where(self._files[0].path)}: all embeddings are missing (null)")

    def column(self, name: str) -> pa.ChunkedArray:
        """The (N,) values of another column."""
        parts: list[pa.ChunkedArray] = []
        for entry in self._files:
            with self._open(entry.path) as file:
                require_column(file, self._place.at(entry.path), name)
                parts.append(file.read(columns=[name]).column(name))
        return join_columns(parts, name)

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Matrix | VectorFault]]:
        """Yield the vectors of ``rows``."""
        for part, column, path in self._columns(rows, self.layout.block_rows):
            yield part, arrow_matrix(column, self.layout, part, self._where(path))

    def unusable(self, rows: NDArray[np.int64], *, normalize: bool) -> Reasons:
        """Those of ``rows`` without a vector that can be used."""
        reasons: Reasons = {}
        for part, column, path in self._columns(rows, self.layout.block_rows):
            reasons |= unusable_in_column(column, self.layout, part, self._where(path), normalize=normalize)
        return reasons

    def _columns(self, rows: NDArray[np.int64], step: int) -> Iterator[tuple[NDArray[np.int64], pa.Array, str]]:
        """The embeddings of ``rows``, some at a time, with the file they come from."""
        for entry in self._files:
            inside = _within(rows, entry.starts[0], entry.starts[-1])
            if len(inside):
                for part, column in self._file_columns(entry, inside, step):
                    yield part, column, entry.path

    def _file_columns(
        self, entry: _File, rows: NDArray[np.int64], step: int
    ) -> Iterator[tuple[NDArray[np.int64], pa.Array]]:
        with self._open(entry.path) as file:
            if file.metadata.num_rows != entry.starts[-1] - entry.first_row:
                raise InvalidInputError(f"{self._place.at(entry.path).shown!r} changed while it was being read")
            groups = np.unique(np.searchsorted(entry.starts, rows, side="right") - 1)
            for group in groups.tolist():
                first = int(entry.starts[group])
                for batch in file.iter_batches(step, row_groups=[group], columns=[self._column]):
                    inside = _within(rows, first, first + len(batch))
                    if len(inside):
                        column = batch.column(self._column)
                        # Rows that were not asked for are not looked at: their embeddings may be bad.
                        yield inside, column if len(inside) == len(column) else column.take(pa.array(inside - first))
                    first += len(batch)

    def _footer(self, path: str) -> list[int]:
        with self._open(path) as file:
            if self._column is not None:
                require_column(file, self._place.at(path), self._column)
            return [file.metadata.row_group(group).num_rows for group in range(file.metadata.num_row_groups)]

    def _where(self, path: str) -> str:
        return f"{self._place.at(path).shown!r}, column {self._column!r}"

    def _open(self, path: str) -> AbstractContextManager[Any]:
        return open_parquet(self._place.at(path), buffer=_BUFFER)


def read_columns(place: Location, columns: Sequence[str]) -> pa.Table:
    """Some columns of the files that a location stands for.

    Raises:
        NotFoundError: there is no such file.
        UnreadableError: a file is broken.
        InvalidInputError: a file lacks a column, or one has types with nothing in common.
    """
    tables = []
    for path in list_files(place, ".parquet"):
        with open_parquet(place.at(path), buffer=_BUFFER) as file:
            for name in columns:
                require_column(file, place.at(path), name)
            tables.append(file.read(columns=list(columns)))
    return pa.table({name: join_columns([table.column(name) for table in tables], name) for name in columns})


def require_column(file: Any, place: Location, name: str) -> None:
    """Refuse an open file without a column of this name."""
    names = file.schema_arrow.names
    if name not in names:
        raise InvalidInputError(f"{place.shown!r} has no column {name!r}, it has {', '.join(map(repr, names))}")


@contextmanager
def open_parquet(place: Location, *, buffer: int) -> Iterator[Any]:
    """Open a Parquet file; in the block, what Arrow raises on a broken or truncated file names the file.

    Args:
        place: a file.
        buffer: bytes of a column asked for at once.

    Yields:
        A `pyarrow.parquet.ParquetFile`.

    Raises:
        UnreadableError: the file is broken, or its store does not answer.
    """
    with reading(place), place.filesystem.open_input_file(place.path) as stream:
        # Without pre_buffer only the pages of the next batch are in memory, not a whole row group.
        yield pq.ParquetFile(stream, pre_buffer=False, buffer_size=buffer)


@contextmanager
def reading(place: Location) -> Iterator[None]:
    """What Arrow raises on an unreadable or truncated file becomes `UnreadableError`, naming the file."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise place.unreadable(error, " as Parquet") from error


def _within(rows: NDArray[np.int64], start: int, stop: int) -> NDArray[np.int64]:
    low, high = np.searchsorted(rows, [start, stop])
    return rows[low:high]

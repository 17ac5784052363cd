"""Where embeddings lie: in memory, in a .npy file, in Parquet files.

Every source has N rows of one layout and yields the vectors of any ascending rows, block by block. It
is small and picklable (but for the array in memory), so each worker of a cluster reads its own part.
"""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray.data.location import Location
from lightly_ray.data.npy import map_npy
from lightly_ray.data.unusable import Reasons, unusable_in_matrix
from lightly_ray.data.vectors import BLOCK_BYTES, Layout, Matrix, VectorFault, layout_of, settle
from lightly_ray.errors import InvalidInputError


class Blocks(Protocol):
    """Vectors that come in blocks."""

    @property
    def layout(self) -> Layout:
        """How every vector is stored."""

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Matrix | VectorFault]]:
        """Yield the vectors of ``rows`` (ascending), each block with its rows, until a fault."""


class Source(Blocks, Protocol):
    """N rows in a fixed order, each with a vector and, in tables, other columns."""

    @property
    def count(self) -> int:
        """N."""

    def learn_layout(self, rows: NDArray[np.int64]) -> None:
        """Take the layout of the first of these rows that has a vector: of those that matter, not of others.

        Raises:
            InvalidInputError: none has one, or it is none that can be selected from.
        """

    def unusable(self, rows: NDArray[np.int64], *, normalize: bool) -> Reasons:
        """Those of ``rows`` (ascending) that have no vector which can be used, and why."""

    def column(self, name: str) -> pa.ChunkedArray:
        """The (N,) values of another column.

        Raises:
            InvalidInputError: there is no such column.
        """


def load(
    source: Blocks, rows: NDArray[np.int64], *, normalize: bool, places: NDArray[np.intp] | None = None
) -> Matrix | VectorFault:
    """Read vectors into one matrix, checked.

    Args:
        source: where they lie.
        rows: (n,) ascending and distinct.
        normalize: bring each to unit length, see `settle`.
        places: (n,) where in the matrix each row shall lie, None for the order of ``rows``.

    Returns:
        (n, D) C-contiguous in the layout that is kept, or a fault. A view of the source where it can be one.
    """
    if isinstance(source, ArraySource) and not normalize and places is None:
        view = source.run(rows)
        if view is not None:
            return _settled(view, rows)
    layout = source.layout.kept(normalize=normalize)
    matrix = np.empty((len(rows), layout.width), dtype=layout.dtype)
    for part, block in source.blocks(rows):
        settled = block if isinstance(block, VectorFault) else settle(block, part, normalize=normalize)
        if isinstance(settled, VectorFault):
            return settled
        positions = _found(rows, part)
        matrix[positions if places is None else places[positions]] = settled
    return matrix


class ArraySource:
    """An (N, D) array in memory, or mapped into it.

    Args:
        array: float16, float32 or float64.
        where: how messages call it.

    Raises:
        InvalidInputError: wrong shape or type, or no rows.
    """

    def __init__(self, array: NDArray[Any], where: str = "data") -> None:
        if array.ndim != 2:
            raise InvalidInputError(f"{where}: embeddings must have the shape (N, D), got {array.shape}")
        if not len(array):
            raise InvalidInputError(f"{where}: there are no rows")
        self.layout = layout_of(array.dtype, array.shape[1], where)
        self.array = array
        self._where = where

    @property
    def count(self) -> int:
        """N."""
        return len(self.array)

    def column(self, name: str) -> pa.ChunkedArray:
        """Arrays have no other columns."""
        raise InvalidInputError(f"{self._where}: an array has no column {name!r}; give the values themselves")

    def learn_layout(self, rows: NDArray[np.int64]) -> None:
        """An array has one layout."""

    def unusable(self, rows: NDArray[np.int64], *, normalize: bool) -> Reasons:
        """Those of ``rows`` without a vector that can be used."""
        reasons: Reasons = {}
        for start in range(0, len(rows), self.layout.block_rows):
            part = rows[start : start + self.layout.block_rows]
            reasons |= unusable_in_matrix(self.array[part], part, normalize=normalize)
        return reasons

    def run(self, rows: NDArray[np.int64]) -> Matrix | None:
        """The vectors of ``rows`` without a copy, where they lie one after the other as they are needed."""
        view = self.array[rows[0] : rows[-1] + 1] if len(rows) else self.array[:0]
        whole = len(view) == len(rows) and view.flags.c_contiguous and view.dtype == self.layout.dtype
        return view if whole else None

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Matrix | VectorFault]]:
        """Yield the vectors of ``rows``."""
        step = self.layout.block_rows
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            first, last = int(part[0]), int(part[-1])
            # A run is a view; NumPy's fancy reads would copy.
            block = self.array[first : last + 1] if last - first + 1 == len(part) else self.array[part]
            yield part, block.astype(self.layout.dtype, copy=False)


class NpySource(ArraySource):
    """A .npy file, mapped into memory by every process that reads it.

    Args:
        place: a local file that all workers see.

    Raises:
        NotFoundError, UnreadableError, InvalidInputError: as `map_npy`.
    """

    def __init__(self, place: Location) -> None:
        self.place = place
        super().__init__(map_npy(place), place.shown)

    def __reduce__(self) -> tuple[Any, ...]:
        """Send the path, not the content."""
        return NpySource, (self.place,)


def _settled(matrix: Matrix, rows: NDArray[np.int64]) -> Matrix | VectorFault:
    step = max(1, BLOCK_BYTES // (matrix.shape[1] * matrix.itemsize))
    for start in range(0, len(rows), step):
        checked = settle(matrix[start : start + step], rows[start : start + step], normalize=False)
        if isinstance(checked, VectorFault):
            return checked
    return matrix


def _found(rows: NDArray[np.int64], part: NDArray[np.int64]) -> slice | NDArray[np.intp]:
    first = int(np.searchsorted(rows, part[0]))
    if np.array_equal(rows[first : first + len(part)], part):
        return slice(first, first + len(part))
    return np.searchsorted(rows, part)

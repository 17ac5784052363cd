"""Embedding columns become matrices, and bad numbers stop here, by row.

In: Arrow columns of fixed-size lists, lists or tensors, or NumPy rows. Out: C-contiguous (n, D) matrices
of float16, float32 or float64 that are finite and whose squared distances fit a float64. Whoever knows
the ids turns the `VectorFault` of a row into an error that names the sample. All work is done block by block,
so that nothing of the size of the data is allocated on the way.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lightly_ray.data.ids import Ids
from lightly_ray.errors import InvalidInputError

Matrix = NDArray[np.floating[Any]]

BLOCK_BYTES = 16 << 20  # of stored vectors that are read, checked or converted at a time


@dataclass(frozen=True, slots=True)
class VectorFault:
    """What is wrong with the vector of one row.

    Attributes:
        row: of the whole data set.
        problem: in words that go on after the name of the sample.
    """

    row: int
    problem: str

    def error(self, ids: Ids) -> InvalidInputError:
        """The error that names the sample."""
        return InvalidInputError(f"{ids.name(self.row)}: {self.problem}")


@dataclass(frozen=True, slots=True)
class Layout:
    """How every vector of one data set is stored.

    Attributes:
        width: D, the number of coordinates.
        dtype: float16, float32 or float64, in the machine's byte order.
    """

    width: int
    dtype: np.dtype[Any]

    @property
    def row_bytes(self) -> int:
        """Bytes of one vector."""
        return self.width * self.dtype.itemsize

    @property
    def block_rows(self) -> int:
        """RowNumbers that make about one block."""
        return max(1, BLOCK_BYTES // self.row_bytes)

    def kept(self, *, normalize: bool) -> "Layout":
        """The layout after loading: unit vectors of float16 are kept as float32, which can hold them."""
        return Layout(self.width, np.dtype(np.float32)) if normalize and self.dtype.itemsize == 2 else self


def layout_of(dtype: np.dtype[Any], width: int, where: str) -> Layout:
    """Check that vectors of this kind can be selected from.

    Raises:
        InvalidInputError: no coordinates, or none of the three float types.
    """
    if width == 0:
        raise InvalidInputError(f"{where}: the embeddings have no coordinates")
    if dtype.kind != "f" or dtype.itemsize not in (2, 4, 8):
        raise InvalidInputError(f"{where}: embeddings must be float16, float32 or float64, got {dtype}")
    return Layout(width, dtype.newbyteorder("="))


def list_values(column: pa.Array, where: str) -> tuple[pa.Array, NDArray[np.int64]]:
    """The coordinates of a list or tensor column one after the other, and how many each row has (-1: null)."""
    column = _stored(column, where)
    kind = column.type
    if pa.types.is_null(kind):  # nothing but nulls
        return pa.array([], pa.float32()), np.full(len(column), -1)
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        raise InvalidInputError(f"{where}: embeddings must be lists of floats or tensors, got {kind}")
    lengths = pc.list_value_length(column).cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    return column.flatten(), lengths


def _stored(column: pa.Array, where: str) -> pa.Array:
    """The lists that a tensor column is made of; any other column as it is."""
    if not isinstance(column.type, pa.BaseExtensionType):
        return column
    shape, stored = getattr(column.type, "shape", (1,)), column.storage
    if pa.types.is_struct(stored.type) and hasattr(column.type, "ndim"):
        # Ray's tensors of several shapes: what vectors of mixed lengths become in a Dataset.
        shape, stored = (None,) * column.type.ndim, pc.struct_field(stored, "data")
    if len(shape) != 1:
        raise InvalidInputError(f"{where}: embeddings must be vectors, got tensors of shape {shape}")
    return stored


def first_layout(columns: Iterable[pa.Array], where: str) -> Layout:
    """The layout that the first row with a vector shows.

    Args:
        columns: the rows that matter, in parts; no more of them are asked for than are needed.
        where: the file and column, for messages.

    Raises:
        InvalidInputError: no row has a vector, or it is none that can be selected from.
    """
    for column in columns:
        layout = arrow_layout(column, where)
        if layout is not None:
            return layout
    raise InvalidInputError(f"{where}: all embeddings are missing (null)")


def arrow_layout(column: pa.Array, where: str) -> Layout | None:
    """The layout that the first row of a column with a vector shows, None where none has one.

    Args:
        column: any number of rows.
        where: the file and column, for messages.
    """
    if pa.types.is_null(column.type):
        return None
    values, lengths = list_values(column, where)
    lengths = lengths[lengths >= 0]
    if not len(lengths):
        return None
    if not pa.types.is_floating(values.type):
        raise InvalidInputError(f"{where}: embeddings must be float16, float32 or float64, got {values.type}")
    return layout_of(np.dtype(values.type.to_pandas_dtype()), int(lengths[0]), where)


def arrow_matrix(column: pa.Array, layout: Layout, rows: NDArray[np.int64], where: str) -> Matrix | VectorFault:
    """An embedding column as a matrix.

    Args:
        column: n rows.
        layout: what every row has to have.
        rows: (n,) their rows in the whole data set, for faults.
        where: the file and column, for messages.

    Returns:
        (n, D) without a copy where Arrow's memory allows it, or the first fault.
    """
    values, lengths = list_values(column, where)
    odd = np.flatnonzero(lengths != layout.width)
    if len(odd):
        return VectorFault(int(rows[odd[0]]), odd_length(int(lengths[odd[0]]), layout))
    if values.null_count:
        first = int(np.flatnonzero(pc.is_null(values).to_numpy(zero_copy_only=False))[0])
        return VectorFault(int(rows[first // layout.width]), "the embedding has a coordinate that is missing (null)")
    flat = values.to_numpy(zero_copy_only=False)
    if flat.dtype != layout.dtype:
        return VectorFault(int(rows[0]), f"the embedding is stored as {flat.dtype}, those before it as {layout.dtype}")
    matrix: Matrix = flat.reshape(-1, layout.width)
    return matrix


def matrix(column: pa.Array) -> NDArray[np.floating]:
    """A column of fixed-size lists of floats as (rows, D), without a copy."""
    values: NDArray[np.floating] = column.flatten().to_numpy(zero_copy_only=False)
    return values.reshape(len(column), column.type.list_size)


def fixed_lists(vectors: NDArray[np.floating]) -> pa.Array:
    """(rows, D) as a column of fixed-size lists."""
    return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(vectors).ravel()), vectors.shape[1])


def settle(matrix: Matrix, rows: NDArray[np.int64], *, normalize: bool) -> Matrix | VectorFault:
    """Check one block of vectors, and bring them to unit length where asked.

    Args:
        matrix: (n, D) as stored.
        rows: (n,) their rows in the whole data set.
        normalize: divide by the Euclidean norm, in float64, keeping the dtype (float16 becomes float32).

    Returns:
        (n, D), the same array where nothing had to change, or the first fault.
    """
    # One pass finds both kinds of bad numbers: NaN and infinity survive the maximum.
    with np.errstate(invalid="ignore"):
        size = np.maximum(matrix.max(axis=1), -matrix.min(axis=1)).astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(size))
    if len(bad):
        return VectorFault(int(rows[bad[0]]), "the embedding has a NaN or an infinity")
    if normalize:
        return _unit(matrix, size, rows)
    # sum((a - b)^2) <= D (2 size)^2 has to fit a float64; only float64 data can get there.
    limit = np.sqrt(np.finfo(np.float64).max / matrix.shape[1]) / 2
    huge = np.flatnonzero(size > limit)
    if len(huge):
        first = int(huge[0])
        return VectorFault(
            int(rows[first]), f"a coordinate of the embedding is {size[first]:.3g}: squared distances overflow float64"
        )
    return matrix


def _unit(matrix: Matrix, size: NDArray[np.float64], rows: NDArray[np.int64]) -> Matrix | VectorFault:
    zero = np.flatnonzero(size == 0)
    if len(zero):
        return VectorFault(int(rows[zero[0]]), "the embedding is zero and cannot be brought to unit length")
    # A power of two first, which changes no digit: squares of very large or small numbers would not fit.
    scaled = np.ldexp(matrix.astype(np.float64), -np.frexp(size)[1][:, None])
    scaled /= np.sqrt(np.square(scaled).sum(axis=1))[:, None]
    unit: Matrix = scaled.astype(np.float32 if matrix.dtype.itemsize == 2 else matrix.dtype)
    return unit


def odd_length(length: int, layout: Layout) -> str:
    """What is wrong with a vector of another length than the layout's; -1: null."""
    if length < 0:
        return "the embedding is missing (null)"
    return f"the embedding has {length} coordinates, the first row has {layout.width}"

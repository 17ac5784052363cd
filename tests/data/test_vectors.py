from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lightly_ray.data.ids import Ids
from lightly_ray.data.vectors import Layout, VectorFault, arrow_layout, arrow_matrix, layout_of, settle
from lightly_ray.errors import InvalidInputError

X = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
ROWS = np.array([10, 11, 13, 17, 20])


def columns(matrix: np.ndarray[Any, Any]) -> list[pa.Array]:
    """Every kind of column that can hold the rows of a matrix."""
    flat = pa.array(matrix.ravel())
    width = matrix.shape[1]
    offsets = np.arange(0, matrix.size + 1, width)
    fixed = pa.FixedSizeListArray.from_arrays(flat, width)
    tensors = pa.FixedShapeTensorArray.from_numpy_ndarray(matrix)
    return [
        fixed,
        pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), flat),
        pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), flat),
        tensors,
    ]


@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_arrow_matrix__every_kind_of_column_and_slices_of_it(kind: int, dtype: type[np.floating[Any]]) -> None:
    matrix = X.astype(dtype)
    column = columns(matrix)[kind]
    layout = arrow_layout(column, "here")
    assert layout == Layout(3, np.dtype(dtype))
    np.testing.assert_array_equal(arrow_matrix(column, layout, ROWS, "here"), matrix)
    np.testing.assert_array_equal(arrow_matrix(column.slice(1, 3), layout, ROWS[1:4], "here"), matrix[1:4])


@pytest.mark.parametrize(
    ("values", "row", "problem"),
    [
        ([[1.0, 2.0], [3.0, 4.0], [5.0]], 13, "has 1 coordinates, the first row has 2"),
        ([[1.0, 2.0], None, [5.0, 6.0]], 11, "the embedding is missing"),
        ([[1.0, 2.0], [3.0, 4.0], [5.0, None]], 13, "a coordinate that is missing"),
    ],
)
def test_arrow_matrix__bad_rows_are_faults(values: list[list[float]], row: int, problem: str) -> None:
    column = pa.array(values, type=pa.list_(pa.float32()))
    fault = arrow_matrix(column, Layout(2, np.dtype(np.float32)), ROWS[:3], "here")
    assert isinstance(fault, VectorFault)
    assert fault.row == row
    assert problem in fault.problem


def test_arrow_matrix__another_dtype_is_a_fault() -> None:
    fault = arrow_matrix(columns(X)[0], Layout(3, np.dtype(np.float64)), ROWS, "here")
    assert fault == VectorFault(10, "the embedding is stored as float32, those before it as float64")


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([1.0, 2.0]), "must be lists of floats or tensors, got double"),
        (pa.array([[1, 2]]), "must be float16, float32 or float64, got int64"),
        (pa.array([[]], type=pa.list_(pa.float32())), "no coordinates"),
        (
            pa.FixedShapeTensorArray.from_numpy_ndarray(np.zeros((2, 3, 4))),
            r"must be vectors, got tensors of shape \[3, 4\]",
        ),
    ],
)
def test_arrow_layout__columns_that_hold_no_vectors(column: pa.Array, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        arrow_layout(column, "here")


def test_arrow_layout__is_that_of_the_first_vector_there_is() -> None:
    column = pa.array([None, [1.0, 2.0], [3.0]], type=pa.list_(pa.float64()))
    layout = arrow_layout(column, "here")
    assert layout == Layout(2, np.dtype(np.float64))
    fault = arrow_matrix(column, layout, ROWS[:3], "here")
    assert fault == VectorFault(10, "the embedding is missing (null)")


def test_layout_of__byte_order_is_the_machines() -> None:
    assert layout_of(np.dtype(">f4"), 3, "here").dtype == np.dtype(np.float32)
    with pytest.raises(InvalidInputError, match="got int32"):
        layout_of(np.dtype(np.int32), 3, "here")
    with pytest.raises(InvalidInputError, match="got complex64"):
        layout_of(np.dtype(np.complex64), 3, "here")


def test_fault__names_the_sample() -> None:
    fault = VectorFault(1, "the embedding is zero")
    assert str(fault.error(Ids.from_values(["x.png", "y.png"]))) == "sample 'y.png' (row 1): the embedding is zero"
    assert str(fault.error(Ids.numbered(3))) == "row 1: the embedding is zero"


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_settle__not_finite(value: float, dtype: type[np.floating[Any]], normalize: bool) -> None:
    matrix = X.astype(dtype)
    matrix[3, 1] = matrix[4, 0] = value
    assert settle(matrix, ROWS, normalize=normalize) == VectorFault(17, "the embedding has a NaN or an infinity")


def test_settle__good_rows_come_back_as_they_are() -> None:
    assert settle(X, ROWS, normalize=False) is X


def test_settle__squared_distances_have_to_fit_a_float64() -> None:
    limit = np.sqrt(np.finfo(np.float64).max / 3) / 2
    far = np.array([[limit * 0.999] * 3, [-limit * 0.999] * 3])
    assert np.isfinite(np.square(far[0] - far[1]).sum())
    assert settle(far, ROWS[:2], normalize=False) is far
    fault = settle(far * 1.002, ROWS[:2], normalize=False)
    assert isinstance(fault, VectorFault)
    assert fault.row == 10
    assert "overflow" in fault.problem


@pytest.mark.parametrize(
    ("dtype", "stored"), [(np.float16, np.float32), (np.float32, np.float32), (np.float64, np.float64)]
)
def test_settle__unit_length_is_computed_in_float64(
    dtype: type[np.floating[Any]], stored: type[np.floating[Any]]
) -> None:
    matrix = X.astype(dtype)
    unit = settle(matrix, ROWS, normalize=True)
    wide = matrix.astype(np.float64)
    expected = (wide / np.sqrt(np.square(wide).sum(axis=1, keepdims=True))).astype(stored)
    assert isinstance(unit, np.ndarray)
    assert unit.dtype == stored
    np.testing.assert_array_equal(unit, expected)


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e200, 1e300])
def test_settle__unit_length_of_extreme_vectors(scale: float) -> None:
    unit = settle(np.array([[3.0, 4.0], [0.0, -2.0]]) * scale, ROWS[:2], normalize=True)
    assert isinstance(unit, np.ndarray)
    np.testing.assert_allclose(unit, np.array([[0.6, 0.8], [0, -1]]), rtol=1e-15)


def test_settle__zero_has_no_direction() -> None:
    matrix = X.copy()
    matrix[2] = 0
    assert settle(matrix, ROWS, normalize=False) is matrix
    assert settle(matrix, ROWS, normalize=True) == VectorFault(
        13, "the embedding is zero and cannot be brought to unit length"
    )

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from ray.data.extensions import ArrowTensorArray

from lightly_ray.data.predictions.columns import column, number_lists, numbers, tensors
from lightly_ray.errors import InvalidInputError


def _ray_batch(values: list[NDArray[Any]]) -> pa.RecordBatch:
    """A column as Ray makes it from NumPy arrays."""
    array: Any = ArrowTensorArray.from_numpy(values)
    assert isinstance(array.type, pa.BaseExtensionType)
    return pa.RecordBatch.from_arrays([array], ["x"])


def test_numbers__share_the_memory_of_the_column() -> None:
    values = np.arange(12, dtype=np.float32)
    lists = pa.FixedSizeListArray.from_arrays(pa.array(values), 3)
    batch = pa.RecordBatch.from_arrays([lists], ["x"])
    rows = number_lists(column(batch, "x"), "x")
    assert np.shares_memory(rows.values, values)
    assert np.shares_memory(number_lists(column(batch.slice(1, 2), "x"), "x").values, values)
    assert number_lists(column(batch.slice(1, 2), "x"), "x").row(1).tolist() == [6, 7, 8]


@pytest.mark.parametrize("shapes", [[(2, 3), (2, 3)], [(2, 3), (0, 3), (4, 3)], [(1, 2), (3, 4), (2, 0)]])
def test_column__tensors_are_lists_of_lists(shapes: list[tuple[int, int]]) -> None:
    values = [np.random.default_rng(row).random(shape) for row, shape in enumerate(shapes)]
    batch = _ray_batch(values)
    assert column(batch, "x").to_pylist() == [one.tolist() for one in values]
    assert column(batch.slice(1), "x").to_pylist() == [one.tolist() for one in values[1:]]


def test_column__tensors_of_one_dimension_are_lists() -> None:
    for values in ([np.arange(3.0), np.arange(3.0) + 5], [np.arange(2.0), np.arange(4.0)]):
        assert column(_ray_batch(values), "x").to_pylist() == [one.tolist() for one in values]


def test_column__arrows_own_tensors() -> None:
    values = np.arange(12.0).reshape(2, 2, 3)
    batch = pa.RecordBatch.from_arrays([pa.FixedShapeTensorArray.from_numpy_ndarray(values)], ["x"])
    assert column(batch, "x").to_pylist() == values.tolist()


def test_column__more_dimensions_and_absent_columns() -> None:
    batch = _ray_batch([np.zeros((2, 3, 4))])
    with pytest.raises(InvalidInputError, match="'x' must hold lists, got tensors of 3 dimensions"):
        column(batch, "x")
    with pytest.raises(InvalidInputError, match="a column 'y', got x"):
        column(batch, "y")
    flat, shapes = tensors(batch.column("x"))
    assert (len(flat[0]), shapes.tolist()) == (24, [[2, 3, 4]])


def test_numbers__what_is_none() -> None:
    np.testing.assert_array_equal(numbers(pa.array([1.5, None]), "x"), [1.5, np.nan])
    assert numbers(pa.array([None, None]), "x").dtype == np.float64
    with pytest.raises(InvalidInputError, match="'x' must hold numbers, got bool"):
        numbers(pa.array([True]), "x")

"""Arrow list columns as NumPy arrays, without a copy where the layout allows.

Accepted wherever a schema says list: ``list``, ``large_list``, ``fixed_size_list`` and the tensor
columns that Ray Data makes of NumPy arrays. Numbers may be any float or integer type.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lightly_ray.data.predictions.checks import Faults, PredictionFault, as_floats
from lightly_ray.data.predictions.ragged import Ragged
from lightly_ray.errors import InvalidInputError


def raw_column(batch: pa.RecordBatch, name: str) -> pa.Array:
    """A column by name, as it is.

    Raises:
        InvalidInputError: there is no such column.
    """
    if name not in batch.schema.names:
        raise InvalidInputError(f"predictions need a column {name!r}, got {', '.join(batch.schema.names)}")
    return batch.column(name)


def column(batch: pa.RecordBatch, name: str) -> pa.Array:
    """A column by name; tensors of one or two dimensions as lists, or lists of lists.

    Raises:
        InvalidInputError: there is no such column, or its tensors have more dimensions.
    """
    array = raw_column(batch, name)
    if not isinstance(array.type, pa.BaseExtensionType):
        return array
    values, shapes = tensors(array)
    if shapes.shape[1] == 1:
        return values
    if shapes.shape[1] != 2:
        raise InvalidInputError(f"column {name!r} must hold lists, got tensors of {shapes.shape[1]} dimensions")
    inner = Ragged.from_lengths(np.empty(0), np.repeat(shapes[:, 1], shapes[:, 0])).offsets
    outer = Ragged.from_lengths(np.empty(0), shapes[:, 0]).offsets
    return pa.LargeListArray.from_arrays(outer, pa.LargeListArray.from_arrays(inner, values.flatten()))


def tensors(array: pa.Array) -> tuple[pa.Array, NDArray[np.int64]]:
    """The numbers and the shapes of a tensor column, of Ray's or of Arrow's own type.

    Returns:
        A list array of the flat numbers of each tensor, and the (N, dimensions) shapes, 0 for a null.
    """
    stored = array.storage
    if pa.types.is_struct(stored.type):  # shapes that differ
        values, shape = stored.field("data"), stored.field("shape")
        shapes = np.zeros((len(array), array.type.ndim), np.int64)
        valid = array.is_valid().to_numpy(zero_copy_only=False)
        shapes[valid] = shape.filter(array.is_valid()).flatten().to_numpy().reshape(-1, array.type.ndim)
        return values, shapes
    filled = (lengths(stored, "tensors") > 0).astype(np.int64)
    return stored, filled[:, None] * np.array(array.type.shape, dtype=np.int64)


def lengths(array: pa.Array, name: str) -> NDArray[np.int64]:
    """(N,) number of elements of each list, 0 for a null.

    Raises:
        InvalidInputError: it is no list column.
    """
    counts = pc.fill_null(pc.list_value_length(_require_lists(array, name)), 0)
    return np.asarray(counts.to_numpy(zero_copy_only=False), dtype=np.int64)


def elements(array: pa.Array, name: str) -> pa.Array:
    """The elements of all lists, one after the other; nulls have none.

    Raises:
        InvalidInputError: it is no list column.
    """
    return _require_lists(array, name).flatten()


def number_lists(array: pa.Array, name: str) -> Ragged:
    """The lists of numbers of a column; null lists are empty, null numbers NaN."""
    return Ragged.from_lengths(numbers(elements(array, name), name), lengths(array, name))


def numbers(array: pa.Array, name: str) -> NDArray[Any]:
    """A column of numbers as float32 (from float and halffloat) or float64, null as NaN.

    Raises:
        InvalidInputError: these are no numbers.
    """
    if not (pa.types.is_floating(array.type) or pa.types.is_integer(array.type) or pa.types.is_null(array.type)):
        raise InvalidInputError(f"column {name!r} must hold numbers, got {array.type}")
    return as_floats(array.to_numpy(zero_copy_only=False), name)


def integers(array: pa.Array, name: str) -> NDArray[np.int64]:
    """A column of integers; a null becomes -1.

    Raises:
        InvalidInputError: these are no integers.
    """
    if not (pa.types.is_integer(array.type) or pa.types.is_null(array.type)):
        raise InvalidInputError(f"column {name!r} must hold integers, got {array.type}")
    return np.asarray(pc.fill_null(array.cast(pa.int64()), -1).to_numpy(zero_copy_only=False))


def missing(batch: pa.RecordBatch, names: Iterable[str]) -> Faults:
    """MISSING for each row that is null in one of these columns."""
    faults = np.zeros(batch.num_rows, np.int8)
    for name in names:
        array = raw_column(batch, name)
        if array.null_count:
            faults[array.is_null().to_numpy(zero_copy_only=False)] = PredictionFault.MISSING
    return faults


def _require_lists(array: pa.Array, name: str) -> pa.Array:
    kind = array.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        raise InvalidInputError(f"column {name!r} must hold lists, got {kind}")
    return array

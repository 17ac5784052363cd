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

from lightly_ray.data.predictions.checks import Fault, Faults, as_floats
from lightly_ray.data.predictions.rows import Rows
from lightly_ray.errors import InvalidInputError


def column(batch: pa.RecordBatch, name: str) -> pa.Array:
    """A column by name; of a tensor column the list array in which it is stored.

    Raises:
        InvalidInputError: there is no such column.
    """
    if name not in batch.schema.names:
        raise InvalidInputError(f"predictions need a column {name!r}, got {', '.join(batch.schema.names)}")
    found = batch.column(name)
    return found.storage if isinstance(found.type, pa.BaseExtensionType) else found


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


def number_lists(array: pa.Array, name: str) -> Rows:
    """The lists of numbers of a column; null lists are empty, null numbers NaN."""
    return Rows.of_lengths(numbers(elements(array, name), name), lengths(array, name))


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
        array = column(batch, name)
        if array.null_count:
            faults[array.is_null().to_numpy(zero_copy_only=False)] = Fault.MISSING
    return faults


def _require_lists(array: pa.Array, name: str) -> pa.Array:
    kind = array.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        raise InvalidInputError(f"column {name!r} must hold lists, got {kind}")
    return array

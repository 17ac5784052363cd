"""Which rows of two columns hold the same, lists and objects included: Arrow compares none of these itself."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def same_rows(a: pa.Array, b: pa.Array) -> NDArray[np.bool_]:
    """(n,) whether each row of one array equals that of another of the same type; missing equals missing.

    Args:
        a: (n,) of numbers, texts, booleans, and lists and structs of these, nested in any way.
        b: (n,) of the same type.
    """
    there = np.asarray(pc.is_valid(a), dtype=bool)
    same: NDArray[np.bool_] = there == np.asarray(pc.is_valid(b))
    if pa.types.is_struct(a.type):
        for place in range(a.type.num_fields):
            same &= same_rows(pc.struct_field(a, place), pc.struct_field(b, place))
    elif pa.types.is_list(a.type) or pa.types.is_fixed_size_list(a.type):
        same &= _same_lists(a, b, same & there)
    else:
        same &= np.asarray(pc.fill_null(pc.equal(a, b), True))
    return same


def _same_lists(a: pa.Array, b: pa.Array, compared: NDArray[np.bool_]) -> NDArray[np.bool_]:
    same = np.ones(len(a), dtype=bool)
    lengths = [pc.fill_null(pc.list_value_length(it), 0).to_numpy(zero_copy_only=False) for it in (a, b)]
    same[compared] = (lengths[0] == lengths[1])[compared]
    rows = np.flatnonzero(compared & same)
    left, right = (it.take(pa.array(rows)) for it in (a, b))
    parents = rows[pc.list_parent_indices(left).to_numpy(zero_copy_only=False)]
    same[parents[~same_rows(pc.list_flatten(left), pc.list_flatten(right))]] = False
    return same

"""Which rows have no embedding that can be selected from, and why: for callers who leave such rows out."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray.data.vectors import Layout, Matrix, list_values, odd_length

Reasons = dict[int, str]  # row -> what is wrong, in words that go on after the name of the sample


def unusable_in_column(
    column: pa.Array, layout: Layout, rows: NDArray[np.int64], where: str, *, normalize: bool
) -> Reasons:
    """The rows of an embedding column that `vectors.arrow_matrix` or `vectors.settle` would refuse.

    Args:
        column: n rows.
        layout: what every row has to have.
        rows: (n,) their rows in the whole data set.
        where: the file and column, for messages.
        normalize: whether vectors will be brought to unit length.
    """
    _, lengths = list_values(column, where)
    fits = lengths == layout.width
    reasons = {int(rows[at]): odd_length(int(lengths[at]), layout) for at in np.flatnonzero(~fits)}
    column, rows = column.filter(pa.array(fits)), rows[fits]
    values, _ = list_values(column, where)
    if not len(values):
        return reasons
    matrix = values.to_numpy(zero_copy_only=False).reshape(-1, layout.width)  # a null is a NaN
    return reasons | unusable_in_matrix(matrix, rows, normalize=normalize)


def unusable_in_matrix(matrix: Matrix, rows: NDArray[np.int64], *, normalize: bool) -> Reasons:
    """The rows of a matrix that `vectors.settle` would refuse; arguments as there."""
    with np.errstate(invalid="ignore"):
        size = np.abs(matrix).max(axis=1).astype(np.float64)
    reasons = {
        int(rows[at]): "the embedding has a value that is no finite number" for at in np.flatnonzero(~np.isfinite(size))
    }
    if normalize:
        zero = np.flatnonzero(size == 0)
        return reasons | {int(rows[at]): "the embedding is zero and cannot be brought to unit length" for at in zero}
    limit = np.sqrt(np.finfo(np.float64).max / matrix.shape[1]) / 2
    huge = np.flatnonzero(np.isfinite(size) & (size > limit))
    return reasons | {int(rows[at]): f"a coordinate of the embedding is {size[at]:.3g}" for at in huge}

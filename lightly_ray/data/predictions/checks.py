"""The door for class probabilities: shape and dtype, then every row, by name.

A probability that is NaN, infinite or outside [0, 1], and a row whose sum is off by more than
``SUM_TOLERANCE``, is an error. Nothing is repaired: a guessed score is a wrong choice nobody sees.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightly_ray.errors import InvalidInputError

SUM_TOLERANCE = 1e-3
REASONS = (
    "",
    "a value that is NaN or infinite",
    "a value outside [0, 1]",
    f"a sum that is not 1 within {SUM_TOLERANCE}",
)


def as_probabilities(values: Any, what: str = "predictions") -> NDArray[Any]:
    """Bring predictions into the layout that the scores expect.

    Args:
        values: (N, C) or (N, 1) array-like of numbers. A single column p means two classes,
            [p, 1 - p].
        what: how the error message calls them.

    Returns:
        (N, C) with C >= 2, C-contiguous; float32 stays float32 and float16 becomes it, every
        other dtype becomes float64. No copy where the layout allows. Without rows: (0, 2).

    Raises:
        InvalidInputError: not two-dimensional, no columns, or not numbers.
    """
    try:
        array = np.asarray(values)
        kind = np.float32 if array.dtype in (np.float16, np.float32) else np.float64
        array = np.ascontiguousarray(array, dtype=kind)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"{what} must be an (N, C) array of numbers: {error}") from error
    if array.ndim > 0 and len(array) == 0:
        return np.empty((0, max(2, array.shape[1] if array.ndim == 2 else 2)), kind)
    if array.ndim != 2:
        raise InvalidInputError(f"{what} must be a 2-dimensional array (N, C), got shape {array.shape}")
    if array.shape[1] == 0:
        raise InvalidInputError(f"{what} must have at least one class, got shape {array.shape}")
    return np.concatenate([array, 1 - array], axis=1) if array.shape[1] == 1 else array


def bad_rows(probabilities: NDArray[Any]) -> NDArray[np.int8]:
    """What is wrong with each row.

    Args:
        probabilities: (N, C) float32 or float64.

    Returns:
        (N,) int8, 0 where the row is good, else the place of the reason in ``REASONS``.
    """
    low, high = probabilities.min(axis=1, initial=0), probabilities.max(axis=1, initial=0)
    with np.errstate(invalid="ignore", over="ignore"):  # inf - inf and float32 overflow are found by the test below
        total = probabilities.sum(axis=1)
    finite = np.isfinite(low) & np.isfinite(high)
    inside = (low >= 0) & (high <= 1)
    summing = np.abs(total - 1) <= SUM_TOLERANCE
    return np.select([~finite, ~inside, ~summing], [1, 2, 3], 0).astype(np.int8)


def require_probabilities(
    probabilities: NDArray[Any], filenames: Sequence[str] | None = None, what: str = "predictions"
) -> None:
    """Refuse rows that are no probability distribution, naming the first.

    Args:
        probabilities: (N, C) float32 or float64.
        filenames: N names for the message; None names the row.
        what: how the error message calls them.

    Raises:
        InvalidInputError: some row is bad.
    """
    bad = bad_rows(probabilities)
    if bad.any():
        row = int((bad != 0).argmax())
        name = f"row {row}" if filenames is None else repr(str(filenames[row]))
        raise InvalidInputError(
            f"{np.count_nonzero(bad)} of {len(bad)} {what} cannot be used, first: {name} has {REASONS[bad[row]]}: "
            f"{np.array2string(probabilities[row], threshold=8, separator=', ')}"
        )

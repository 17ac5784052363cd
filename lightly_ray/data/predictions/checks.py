"""The door for numbers that models predict: shape and dtype, then every row, by name.

Nothing is repaired: a guessed score is a wrong choice that goes unnoticed. A check returns one ``PredictionFault`` code
per sample, so a caller can refuse the whole (``require_no_fault``) or leave out the bad ones.
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightly_ray.data.predictions.kernels import row_extents, row_sums
from lightly_ray.data.predictions.ragged import Ragged
from lightly_ray.errors import InvalidInputError

TOLERANCE = 1e-3  # what sums of probabilities may be off by, and what float arithmetic leaves outside [0, 1]
Faults = NDArray[np.int8]  # (N,) codes of ``PredictionFault``


class PredictionFault(IntEnum):
    """What can be wrong with the prediction for one sample; ``str`` of it completes "it has ..."."""

    NONE = 0
    MISSING = 1
    NAN = 2
    RANGE = 3
    SUM = 4
    LENGTHS = 5
    CLASSES = 6
    SHAPE = 7
    UNREADABLE = 8
    LABEL = 9
    BOX = 10

    def __str__(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    PredictionFault.NONE: "no fault",
    PredictionFault.MISSING: "no prediction (null)",
    PredictionFault.NAN: "a value that is NaN",
    PredictionFault.RANGE: "a value outside [0, 1]",
    PredictionFault.SUM: f"class probabilities whose sum is not 1 within {TOLERANCE}",
    PredictionFault.LENGTHS: "lists of different lengths, or keypoints that are not x, y, confidence triples",
    PredictionFault.CLASSES: "another number of classes than the others, or none",
    PredictionFault.SHAPE: "values that do not fill their shape (height, width, classes)",
    PredictionFault.UNREADABLE: "a file that cannot be read",
    PredictionFault.LABEL: "a class that cannot be",
    PredictionFault.BOX: "a box that is not x0 <= x1, y0 <= y1 relative to the width and height of its image",
}


def as_floats(values: Any, what: str) -> NDArray[Any]:
    """Bring numbers into float32 (from float32 and float16) or float64 (from all else), C-contiguous.

    Raises:
        InvalidInputError: these are not numbers, or lists of different lengths.
    """
    try:
        array = np.asarray(values)
        kind = np.float32 if array.dtype.kind == "f" and array.dtype.itemsize <= 4 else np.float64
        return np.ascontiguousarray(array, dtype=kind) if array.ndim else array.astype(kind)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"{what} must be an array of numbers: {error}") from error


def as_probabilities(values: Any, what: str = "predictions") -> NDArray[Any]:
    """Bring class probabilities into an (N, C) array.

    Args:
        values: (N, C) array-like of numbers; a single column p means two classes, [p, 1 - p].
        what: how the error message calls them.

    Returns:
        (N, C) float32 or float64 with C >= 2, as ``as_floats`` says; (0, C or 2) without rows.

    Raises:
        InvalidInputError: not two-dimensional, no columns, or not numbers.
    """
    array = as_floats(values, what)
    if array.ndim != 2 and array.shape != (0,):
        raise InvalidInputError(f"{what} must be a 2-dimensional array (N, C), got shape {array.shape}")
    if array.size == 0:
        if len(array):
            raise InvalidInputError(f"{what} must have at least one class, got shape {array.shape}")
        return np.empty((0, max(2, *array.shape)), array.dtype)
    return np.concatenate([array, 1 - array], axis=1) if array.shape[1] == 1 else array


def checked_distributions(rows: Ragged) -> tuple[Ragged, Faults]:
    """The rows, and NAN, RANGE or SUM for each that is no probability distribution.

    What float arithmetic left outside [0, 1], within the tolerance, is brought into it.

    Args:
        rows: N rows of float32 or float64. They are copied only where a value lies outside.
    """
    total = _totals(rows)
    rows, faults = _checked(rows, total)
    # NaN compares false, but has its fault already.
    faults[(np.abs(total - 1) > TOLERANCE) & (faults == 0)] = PredictionFault.SUM
    return rows, faults


def checked_units(rows: Ragged) -> tuple[Ragged, Faults]:
    """As `checked_distributions`, for rows whose values each lie in [0, 1] and have no sum: NAN or RANGE."""
    return _checked(rows, _totals(rows))


def in_unit(value: float) -> bool:
    """Whether a number lies in [0, 1], give or take what float arithmetic leaves outside."""
    return -TOLERANCE <= value <= 1 + TOLERANCE


def _totals(rows: Ragged) -> NDArray[Any]:
    total = np.empty(len(rows), rows.values.dtype)
    row_sums(rows.values, rows.offsets, total)
    return total


def _checked(rows: Ragged, total: NDArray[Any]) -> tuple[Ragged, Faults]:
    low, high = np.empty((2, len(rows)), rows.values.dtype)
    row_extents(rows.values, rows.offsets, low, high)
    outside = (low < -TOLERANCE) | (high > 1 + TOLERANCE)
    faults = np.where(outside, np.int8(PredictionFault.RANGE), np.int8(PredictionFault.NONE))
    faults[np.isnan(total) & (faults == 0)] = PredictionFault.NAN
    if ((low < 0) | (high > 1)).any():
        rows = Ragged(rows.values.clip(0, 1), rows.offsets)
    return rows, faults


def first_fault(*per_sample: NDArray[Any]) -> Faults:
    """The first fault of each sample among several (N,) arrays of codes."""
    faults = per_sample[0].astype(np.int8)
    for more in per_sample[1:]:
        faults = np.where(faults == 0, more, faults).astype(np.int8)
    return faults


def require_no_fault(
    faults: Faults,
    filenames: Sequence[str] | None = None,
    what: str = "predictions",
    reasons: Mapping[int, str] | None = None,
) -> None:
    """Refuse predictions with a fault, naming the first sample.

    Args:
        faults: (N,) codes.
        filenames: N names for the message; None names the row.
        what: how the message calls the predictions.
        reasons: row -> what is wrong with it, where that says more than its code.

    Raises:
        InvalidInputError: some prediction has a fault.
    """
    if faults.any():
        row = int((faults != 0).argmax())
        name = f"row {row}" if filenames is None else repr(str(filenames[row]))
        raise InvalidInputError(
            f"{np.count_nonzero(faults)} of {len(faults)} {what} cannot be used, "
            f"first: {name} has {(reasons or {}).get(row, str(PredictionFault(faults[row])))}"
        )

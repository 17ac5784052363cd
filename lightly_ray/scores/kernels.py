"""Compiled passes that only the scores need: the two largest of a row, and the sum of p log2 p.

``data/predictions/kernels.py`` says how rows are given and why the bits never depend on the machine
or on how the data is cut.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightly_ray.compiled import compiled
from lightly_ray.data.predictions.kernels import row_sums


@compiled(error_model="numpy")
def top_two(values: NDArray[Any], offsets: NDArray[np.int64], first: NDArray[Any], second: NDArray[Any]) -> None:
    """Write the largest and second largest of each row of numbers >= 0; 0 where a row is too short."""
    for row in range(len(first)):
        start, end = offsets[row], offsets[row + 1]
        whole = end - (end - start) % 8
        zero = values.dtype.type(0)
        a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = zero
        b0 = b1 = b2 = b3 = b4 = b5 = b6 = b7 = zero
        for at in range(start, whole, 8):
            a0, b0 = _push(a0, b0, values[at])
            a1, b1 = _push(a1, b1, values[at + 1])
            a2, b2 = _push(a2, b2, values[at + 2])
            a3, b3 = _push(a3, b3, values[at + 3])
            a4, b4 = _push(a4, b4, values[at + 4])
            a5, b5 = _push(a5, b5, values[at + 5])
            a6, b6 = _push(a6, b6, values[at + 6])
            a7, b7 = _push(a7, b7, values[at + 7])
        for a, b in ((a1, b1), (a2, b2), (a3, b3), (a4, b4), (a5, b5), (a6, b6), (a7, b7)):
            a0, b0 = _push(a0, b0, a)
            b0 = max(b0, b)
        for at in range(whole, end):
            a0, b0 = _push(a0, b0, values[at])
        first[row], second[row] = a0, b0


@compiled(error_model="numpy")
def _push(first: Any, second: Any, value: Any) -> Any:
    return max(first, value), max(second, min(first, value))


def log2_sums(values: NDArray[Any], offsets: NDArray[np.int64], sums: NDArray[Any]) -> None:
    """Write the sum of p log2 p over each row of numbers in [0, 1]; float32 or float64."""
    integer, root, fraction = _LAYOUT[values.dtype.itemsize]
    longest = int(np.diff(offsets).max(initial=0))
    buffer = np.empty(max(_CHUNK, longest), integer)
    _log2_sums(values, values.view(integer), offsets, sums, buffer, buffer.view(values.dtype), integer(root), fraction)


# Values whose p log2 p are buffered at a time: they stay in the first-level cache.
_CHUNK = 4096
# Bytes of a float -> integer of that size, the bits of sqrt(1/2), the number of bits of the fraction.
_LAYOUT: dict[int, tuple[type[Any], int, Any]] = {
    4: (np.int32, 0x3F3504F3, np.int32(23)),
    8: (np.int64, 0x3FE6A09E667F3BCD, np.int64(52)),
}
_TWO_LOG2_E = 2 / math.log(2)


@compiled(error_model="numpy")
def _log2_sums(  # noqa: PLR0913, PLR0917 - compiled functions take no objects that would hold these together
    values: NDArray[Any],
    words: NDArray[Any],
    offsets: NDArray[np.int64],
    sums: NDArray[Any],
    bits: NDArray[Any],
    terms: NDArray[Any],
    root: Any,
    fraction: Any,
) -> None:
    row = 0
    while row < len(sums):
        stop = row + 1
        while stop < len(sums) and offsets[stop + 1] - offsets[row] <= len(terms):
            stop += 1
        start, end = offsets[row], offsets[stop]
        _mantissas(words[start:end], root, fraction, bits)
        if fraction == 23:
            _log2_terms32(values[start:end], words[start:end], root, fraction, terms)
        else:
            _log2_terms64(values[start:end], words[start:end], root, fraction, terms)
        row_sums(terms, offsets[row : stop + 1] - start, sums[row:stop])
        row = stop


# p = 2^e m with sqrt(1/2) <= m < sqrt(2): taking the bits of sqrt(1/2) off before the shift rounds e so
# that m falls into that range. log m = 2 artanh(s) = 2 (s + s^3/3 + s^5/5 + ...) with s = (m - 1) / (m + 1),
# cut where |s| <= 0.1716 makes the next term less than the dtype resolves. p = 0 gets a finite "logarithm",
# and 0 times it is 0.


@compiled(error_model="numpy")
def _mantissas(words: NDArray[Any], root: Any, fraction: Any, bits: NDArray[Any]) -> None:
    # Sums of int32 are int64 to numba; cut back at once, they stay in the narrow vector registers.
    integer = words.dtype.type
    for at in range(len(words)):
        bits[at] = words[at] - ((integer(words[at] - root) >> fraction) << fraction)


@compiled(error_model="numpy")
def _log2_terms32(values: NDArray[Any], words: NDArray[Any], root: Any, fraction: Any, terms: NDArray[Any]) -> None:
    # On entry ``terms`` holds the mantissas, on return p log2 p.
    real, integer = values.dtype.type, words.dtype.type
    for at in range(len(values)):
        s = (terms[at] - real(1)) / (terms[at] + real(1))
        q = s * s
        series = real(1 / 9)
        series = series * q + real(1 / 7)
        series = series * q + real(1 / 5)
        series = series * q + real(1 / 3)
        series = series * q + real(1)
        terms[at] = values[at] * (real(integer(words[at] - root) >> fraction) + s * series * real(_TWO_LOG2_E))


@compiled(error_model="numpy")
def _log2_terms64(values: NDArray[Any], words: NDArray[Any], root: Any, fraction: Any, terms: NDArray[Any]) -> None:
    # The same with more terms.
    real, integer = values.dtype.type, words.dtype.type
    for at in range(len(values)):
        s = (terms[at] - real(1)) / (terms[at] + real(1))
        q = s * s
        series = real(1 / 19)
        series = series * q + real(1 / 17)
        series = series * q + real(1 / 15)
        series = series * q + real(1 / 13)
        series = series * q + real(1 / 11)
        series = series * q + real(1 / 9)
        series = series * q + real(1 / 7)
        series = series * q + real(1 / 5)
        series = series * q + real(1 / 3)
        series = series * q + real(1)
        terms[at] = values[at] * (real(integer(words[at] - root) >> fraction) + s * series * real(_TWO_LOG2_E))


@compiled(error_model="numpy")
def mean(values: NDArray[Any], offsets: NDArray[np.int64], default: Any, means: NDArray[Any]) -> None:
    """Write the mean of each row, ``default`` for an empty one."""
    row_sums(values, offsets, means)
    for row in range(len(means)):
        length = offsets[row + 1] - offsets[row]
        means[row] = means[row] / values.dtype.type(length) if length else default


@compiled(error_model="numpy")
def largest(values: NDArray[Any], offsets: NDArray[np.int64], result: NDArray[Any]) -> None:
    """Write the largest of each row of numbers >= 0, 0 for an empty one."""
    for row in range(len(result)):
        top = values.dtype.type(0)
        for at in range(offsets[row], offsets[row + 1]):
            top = max(top, values[at])
        result[row] = top


@compiled(error_model="numpy")
def peaks(values: NDArray[Any], offsets: NDArray[np.int64], peak: NDArray[Any], place: NDArray[np.int64]) -> None:
    """Write the largest of each row of numbers >= 0 and its place, the first among equals."""
    for row in range(len(peak)):
        start = offsets[row]
        top, at_top = values.dtype.type(0), 0
        for at in range(start, offsets[row + 1]):
            if values[at] > top:
                top, at_top = values[at], at - start
        peak[row], place[row] = top, at_top


@compiled(error_model="numpy")
def weigh_labels(labels: NDArray[np.int64], offsets: NDArray[np.int64], penalty: Any, result: NDArray[Any]) -> None:
    """Write for each row the number of distinct labels plus ``penalty`` times the number of the others."""
    for row in range(len(result)):
        ordered = np.sort(labels[offsets[row] : offsets[row + 1]])
        distinct = 0
        for at in range(len(ordered)):
            if at == 0 or ordered[at] != ordered[at - 1]:
                distinct += 1
        real = result.dtype.type
        result[row] = real(distinct) + penalty * real(len(ordered) - distinct)

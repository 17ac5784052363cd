"""Compiled passes over rows of numbers: each reads its array once, on one thread.

Rows are flat values and (N + 1,) offsets (``rows.py``), so a dense (N, C) array, the pixels of a map
and the boxes of many images go through the same code. Sums run in eight interleaved accumulators in
a fixed order, and no fast-math flag is set: every machine, and every way of cutting the data into
blocks, gives the same bits.

Compiling takes about a second per function and dtype, once: the machine code is kept on disk.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightly_ray.compiled import compiled


@compiled(error_model="numpy")
def row_sums(values: NDArray[Any], offsets: NDArray[np.int64], sums: NDArray[Any]) -> None:
    """Write the sum of each row, in the dtype of the values."""
    for row in range(len(sums)):
        start, end = offsets[row], offsets[row + 1]
        whole = end - (end - start) % 8
        s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = values.dtype.type(0)
        for at in range(start, whole, 8):
            s0 += values[at]
            s1 += values[at + 1]
            s2 += values[at + 2]
            s3 += values[at + 3]
            s4 += values[at + 4]
            s5 += values[at + 5]
            s6 += values[at + 6]
            s7 += values[at + 7]
        total = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
        for at in range(whole, end):
            total += values[at]
        sums[row] = total


@compiled(error_model="numpy")
def row_extents(values: NDArray[Any], offsets: NDArray[np.int64], low: NDArray[Any], high: NDArray[Any]) -> None:
    """Write the smallest and largest of each row and 0; what a NaN gives is not defined."""
    for row in range(len(low)):
        start, end = offsets[row], offsets[row + 1]
        whole = end - (end - start) % 4
        a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = values.dtype.type(0)
        for at in range(start, whole, 4):
            a0, b0 = min(a0, values[at]), max(b0, values[at])
            a1, b1 = min(a1, values[at + 1]), max(b1, values[at + 1])
            a2, b2 = min(a2, values[at + 2]), max(b2, values[at + 2])
            a3, b3 = min(a3, values[at + 3]), max(b3, values[at + 3])
        for at in range(whole, end):
            a0, b0 = min(a0, values[at]), max(b0, values[at])
        low[row] = min(a0, a1, a2, a3)
        high[row] = max(b0, b1, b2, b3)

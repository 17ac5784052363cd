"""The one distance that decides.

    d(x, c) = sqrt( sum_k (x_k - c_k)^2 )

Everything in float64, on the stored values, summed in the order of NumPy's pairwise summation, so that

    np.sqrt(np.square(rows.astype(float64) - center.astype(float64)).sum(axis=1))

has the same bits (a test says so for every length). The engine and the sequential reference both call the
functions of this file; matrix products have other last bits and therefore never decide.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lightly_ray.compiled import compiled
from lightly_ray.errors import InvalidInputError
from lightly_ray.selection.intrinsics import sum_in_lanes

_LEAF = 128  # NumPy sums up to this many numbers with eight running sums, more of them by halving
DEPTH = 64  # of the stack of partial sums: more than any halving of an array needs


@lru_cache
def summation_plan(dimensions: int) -> NDArray[np.int64]:
    """How NumPy's pairwise summation goes through ``dimensions`` numbers.

    Returns:
        (L, 3) per leaf in order: where it starts, its length, and how many times the two newest partial sums are
        added up after it. An array instead of recursion, which numba cannot cache.
    """

    def leaves(start: int, count: int) -> list[list[int]]:
        if count <= _LEAF:
            return [[start, count, 0]]
        half = count // 2
        half -= half % 8
        both = leaves(start, half) + leaves(start + half, count - half)
        both[-1][2] += 1
        return both

    return np.array(leaves(0, dimensions), np.int64)


@compiled(inline="always")
def pair_distance(
    x: NDArray[np.floating], c: NDArray[np.floating], plan: NDArray[np.int64], stack: NDArray[np.float64]
) -> np.float64:
    """Distance of two (D,) vectors, float32 or float64; ``stack`` is a (DEPTH,) float64 scratch."""
    height = 0
    for leaf in range(len(plan)):
        stack[height] = _leaf_sum(x, c, plan[leaf, 0], plan[leaf, 1])
        height += 1
        for _ in range(plan[leaf, 2]):
            height -= 1
            stack[height - 1] += stack[height]
    return np.float64(np.sqrt(stack[0]))


@compiled(inline="always")
def _leaf_sum(x: NDArray[np.floating], c: NDArray[np.floating], start: int, count: int) -> float:
    """Eight running sums, then what is left over."""
    whole = count - count % 8
    total = sum_in_lanes(x, c, start, whole)
    for k in range(start + whole, start + count):
        difference = np.float64(x[k]) - np.float64(c[k])
        total += difference * difference
    return float(total)


@compiled()
def _distances(
    rows: NDArray[np.floating], center: NDArray[np.floating], plan: NDArray[np.int64], out: NDArray[np.float64]
) -> None:
    stack = np.empty(DEPTH)
    for i in range(len(rows)):
        out[i] = pair_distance(rows[i], center, plan, stack)


def distances(rows: NDArray[np.floating], center: NDArray[np.floating]) -> NDArray[np.float64]:
    """Distance of every row to one center.

    Args:
        rows: (N, D) float16, float32 or float64.
        center: (D,), of the same dtype.

    Returns:
        (N,) float64, >= 0.
    """
    out = np.empty(len(rows))
    _distances(computable(rows), computable(center), summation_plan(rows.shape[1]), out)
    return out


def computable(vectors: NDArray[np.floating]) -> NDArray[np.floating]:
    """The same values as numba can read them: C-contiguous, float16 as float32, read-only.

    Read-only, because numba compiles writable and read-only arrays apart, and arrays of an object store are read-only.
    """
    dtype = np.float64 if vectors.dtype == np.float64 else np.float32
    array: NDArray[np.floating] = np.ascontiguousarray(vectors.astype(dtype, copy=False))[:]  # a view has its own flags
    array.flags.writeable = False
    return array


def require_range(vectors: NDArray[np.floating]) -> None:
    """Refuse values so large that a squared distance could overflow float64.

    Two coordinates differ by at most twice the largest magnitude, hence the limit sqrt(max / D) / 2. It depends on
    no other row, so every way to cut the data into partitions refuses the same data. Only float64 can reach it.

    Raises:
        InvalidInputError: naming the first such row.
    """
    if vectors.dtype != np.float64 or vectors.size == 0:
        return
    limit = np.sqrt(np.finfo(np.float64).max / vectors.shape[1]) / 2
    step = max(1, 2**22 // vectors.shape[1])
    for start in range(0, len(vectors), step):
        beyond = (np.abs(vectors[start : start + step]) > limit).any(axis=1)
        if beyond.any():
            row = start + int(beyond.argmax())
            raise InvalidInputError(f"row {row} has a value beyond {limit:.3g}: squared distances overflow float64")

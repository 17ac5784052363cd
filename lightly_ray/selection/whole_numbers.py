"""Unit vectors and weights as whole numbers, so that no order of summation can change a bit.

Vectors in steps of 1 / 4000 have products below 2^24, which float32 counts to: a matrix product of them is exact.
"""

import numpy as np
from numpy.typing import NDArray

STEPS = 4000  # of 1: (4000 + sqrt(D) / 2)^2 < 2^24 for D up to 36,000
HEAVIEST = 1 << 16  # the largest weight
FAR = np.iinfo(np.int64).max  # squared distance to nothing
_BLOCK = 256
_ROWS = 1 << 14  # whose vectors are there in float64 at a time


def whole_vectors(unit: NDArray[np.floating]) -> NDArray[np.float32]:
    """Unit vectors (n, D) in steps: float32 that are whole numbers."""
    result = np.empty(unit.shape, np.float32)
    for start in range(0, len(unit), _ROWS):
        some = slice(start, start + _ROWS)
        result[some] = np.rint(unit[some].astype(np.float64) * STEPS)
    return result


def whole_weights(scores: NDArray[np.float64] | None, count: int) -> NDArray[np.int64]:
    """Weights of ``count`` samples; equal ones where there are no scores, or all are 0."""
    largest = 0.0 if scores is None or not len(scores) else float(scores.max())
    if scores is None or largest == 0:
        return np.full(count, HEAVIEST, np.int64)
    return np.rint(scores / largest * HEAVIEST).astype(np.int64)


def squared_norms(vectors: NDArray[np.float32]) -> NDArray[np.int32]:
    """Squared length of each vector (n, D) in steps."""
    norms = np.empty(len(vectors), np.int32)
    for start in range(0, len(vectors), _ROWS):
        some = slice(start, start + _ROWS)
        norms[some] = np.square(vectors[some].astype(np.float64)).sum(axis=1)
    return norms


def nearest_selected(vectors: NDArray[np.float32], selected: NDArray[np.float32]) -> NDArray[np.int64]:
    """Squared distance, in steps, of each vector (n, D) to the nearest selected one (p, D); `FAR` where p is 0."""
    norms, of_selected = squared_norms(vectors), squared_norms(selected)
    nearest = np.full(len(vectors), FAR)
    for start in range(0, len(selected), _BLOCK):
        some = slice(start, start + _BLOCK)
        products = (selected[some] @ vectors.T).astype(np.int64)
        nearest = np.minimum(nearest, (of_selected[some, None] + norms - 2 * products).min(axis=0))
    return nearest

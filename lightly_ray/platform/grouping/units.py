"""What makes a vector one of length 1, in float64, for any scale of its coordinates."""

import numpy as np
from numpy.typing import NDArray

from lightly_ray.data.vectors import Matrix

_BATCH = 2**20  # coordinates that are wide at the same time


def scales(vectors: Matrix) -> NDArray[np.float64]:
    """By what each vector is divided to get the length 1: its largest coordinate, then the length that is left.

    Args:
        vectors: (N, D), finite.

    Returns:
        (N, 2), of a zero vector (0, 0).
    """
    found = np.zeros((len(vectors), 2))
    for part in batches(*vectors.shape):
        wide = np.abs(vectors[part].astype(np.float64))
        # By the largest coordinate first: squares of very large or small numbers would not fit.
        largest = wide.max(axis=1)
        wide /= np.where(largest > 0, largest, 1)[:, None]
        found[part] = np.column_stack([largest, np.sqrt(np.square(wide).sum(axis=1))])
    return found


def units(vectors: Matrix, found: NDArray[np.float64]) -> NDArray[np.float64]:
    """The (n, D) vectors of length 1 that belong to (n, D) vectors other than zero and their (n, 2) `scales`."""
    return np.asarray(vectors.astype(np.float64) / found[:, :1] / found[:, 1:])


def batches(count: int, dimensions: int) -> list[slice]:
    """Parts of so many vectors that are small enough to be made wide."""
    step = max(1, _BATCH // dimensions)
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]

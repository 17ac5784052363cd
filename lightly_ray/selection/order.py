"""The one order of everything that is picked: key descending, then row ascending."""

import numpy as np
from numpy.typing import NDArray

from lightly_ray.compiled import compiled

NOTHING = (-1.0, -1)
"""(key, row) that every eligible row beats: keys are >= 0."""


def top(keys: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Positions of the ``count`` first in order, where position stands for row; they come ascending.

    A plain partial sort takes any of several equal keys. Here the lowest positions among them are taken, without
    which masses of equal keys would make the order of the picks depend on the partition.

    Args:
        keys: (N,) without NaN, aligned with ascending rows.
        count: 0..; all positions where it is N or more.

    Returns:
        (min(count, N),) positions, ascending.
    """
    if count >= len(keys):
        return np.arange(len(keys))
    if count <= 0:
        return np.empty(0, np.intp)
    least = np.partition(keys, len(keys) - count)[len(keys) - count]
    above = np.flatnonzero(keys > least)
    equal = np.flatnonzero(keys == least)[: count - len(above)]
    return np.sort(np.concatenate([above, equal]))


def best(keys: NDArray[np.float64], rows: NDArray[np.int64]) -> tuple[float, int]:
    """(key, row) of the first in order, rows ascending; NOTHING where there is none."""
    if len(keys) == 0:
        return NOTHING
    position = int(keys.argmax())  # the first of equals, hence the lowest row
    return float(keys[position]), int(rows[position])


@compiled()
def first_largest(values: NDArray[np.floating]) -> int:
    """Position of the largest value, the first of equals, in compiled code.

    NumPy's own, compiled, needs a part of numba that takes half a second to load; this one does not.
    """
    first = 0
    for position in range(1, len(values)):
        if values[position] > values[first]:
            first = position
    return first


def in_order(item: tuple[float, int]) -> tuple[float, int]:
    """Sort key of a (key, row): the largest of this is the first in order."""
    return item[0], -item[1]


def by_score(scores: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Positions of the ``count`` highest scores, highest first, the lowest position among equals.

    This is the method ACTIVE_LEARNING: scores alone, no distance.
    """
    positions = top(scores, count)
    return positions[np.argsort(-scores[positions], kind="stable")]

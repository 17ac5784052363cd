"""Typicality of a pool: reads its vectors into this process, and scores them."""

import numpy as np
from numpy.typing import NDArray

from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel.selection.cover_pool import read_whole
from lightly_ray.selection.request import Problem
from lightly_ray.selection.typicality import NEIGHBOURS, typicality

_SEED = 0  # of where to look: the same for the same ids
_OF_A_SAMPLE = 32 * NEIGHBOURS  # bytes beside its vectors: neighbours, distances, cells


def typicality_of(problem: Problem, memory_limit: float | None = None) -> NDArray[np.float64]:
    """Score every sample whose embedding matters by how near its neighbours are.

    Args:
        problem: its rows; distances are those on its axes, whitened where it says so.
        memory_limit: the most bytes that this may take; None: any number.

    Returns:
        (m,) scores above 0, aligned with ``problem.needed``.

    Raises:
        InvalidInputError: an embedding is bad, or memory does not suffice.
    """
    layout, rows = problem.kept_layout, problem.needed
    size = len(rows) * (layout.width * (layout.dtype.itemsize + 4) + _OF_A_SAMPLE)
    if memory_limit is not None and size > memory_limit:
        raise InvalidInputError(
            f"typicality keeps {size:,} bytes for {len(rows):,} samples in this process, memory_limit allows "
            f"{memory_limit:,.0f}; a smaller query set needs less"
        )
    vectors, _ = read_whole(problem, rows)
    return typicality(vectors, problem.random_keys(_SEED, rows))

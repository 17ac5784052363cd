"""Vectors in pieces that Ray sends along with a call or its answer.

What has more than 100 kB (`max_direct_call_object_size`) Ray puts into the object store of its node, and whoever needs
it asks first where it lies and then for it. Between machines that are far apart these ways there and back take longer
than the bytes: with 20 ms in each direction a round took 0.28 s longer, of which its bytes were 0.06 s.
"""

from math import ceil
from typing import Any

import numpy as np
import ray

from lightly_ray.data.vectors import Matrix

_PIECE = 64 * 2**10  # bytes
_MOST = 64  # pieces: with more, a call has more to do with pieces than with what is in them


def count_pieces(size: int) -> int:
    """How many pieces so many bytes go in: one, through the store, where they are too many to go along."""
    count = max(1, ceil(size / _PIECE))
    return count if count <= _MOST else 1


def as_arguments(vectors: Matrix) -> list[Any]:
    """Arguments of calls that are these vectors, in order of rows; many of them lie in the store, once a node."""
    count = count_pieces(vectors.nbytes)
    return [ray.put(vectors)] if vectors.nbytes > _PIECE and count == 1 else np.array_split(vectors, count)

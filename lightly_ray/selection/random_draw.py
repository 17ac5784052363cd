"""The random draw: a key per id, the smallest win.

    key = blake2b-64 of f"{seed}/{id}", read as a big-endian integer

No generator is shared: the key depends on seed and id alone, so cutting the data differently cannot change the draw.
"""

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def random_keys(ids: Iterable[str | int], seed: int) -> NDArray[np.uint64]:
    """One key per id.

    Args:
        ids: N ids; a row number stands for itself where samples have no ids.
        seed: any integer.

    Returns:
        (N,) uniform over the 64-bit integers.
    """
    digests = b"".join(hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest() for name in ids)
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def smallest(keys: NDArray[np.uint64], count: int) -> NDArray[np.intp]:
    """Positions of the ``count`` smallest keys, smallest first, the lowest position among equals.

    A summary that merges: the smallest of the union of partitions are among the smallest of each.
    """
    if count < len(keys):
        candidates = np.flatnonzero(keys <= np.partition(keys, count - 1)[count - 1]) if count else np.empty(0, np.intp)
    else:
        candidates = np.arange(len(keys))
    return candidates[np.argsort(keys[candidates], kind="stable")][:count]

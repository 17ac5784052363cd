"""A fingerprint of vectors that does not depend on how they were cut into parts.

    h(row, x) = mix( mix(row) + sum_k word_k(x) c_k )          mod 2^64, c_k odd
    fingerprint = sum over rows of h                           mod 2^64

Multiply-add hashing of the stored bytes, finished by the mixing step of SplitMix64. Sums commute, so parts
are added up in any order. It guards against accidents, not against an attacker.

References:
    Steele, Lea, Flood. Fast splittable pseudorandom number generators. OOPSLA 2014.
"""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightly_ray.data.vectors import BLOCK_BYTES, Matrix

Words = NDArray[np.unsignedinteger[Any]]


def fingerprint(vectors: Matrix, rows: NDArray[np.int64]) -> int:
    """Fingerprint of some rows; those of disjoint parts add up modulo 2^64.

    Args:
        vectors: (n, D) C-contiguous.
        rows: (n,) their rows in the whole data set.

    Returns:
        A number in 0 .. 2^64 - 1.
    """
    words: Words = vectors.view(np.dtype(f"u{vectors.dtype.itemsize}"))
    factors = _mix(np.arange(1, words.shape[1] + 1, dtype=np.uint64)) | np.uint64(1)
    total = np.uint64(0)
    step = max(1, BLOCK_BYTES // (8 * words.shape[1]))
    for start in range(0, len(words), step):
        sums = words[start : start + step].astype(np.uint64) @ factors
        hashes = _mix(_mix(rows[start : start + step].astype(np.uint64)) + sums)
        total = hashes.sum(initial=total, dtype=np.uint64)
    return int(total)


def digest(values: NDArray[np.generic]) -> str:
    """A fingerprint of an array and its order."""
    return hashlib.blake2b(np.ascontiguousarray(values).view(np.uint8).data, digest_size=16).hexdigest()


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))

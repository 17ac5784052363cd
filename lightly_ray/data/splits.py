"""Training or validation: which split a sample belongs to, by its file name alone.

    validation  <=>  blake2b-64 of f"validation/{name}" < share x 2^64

The same sample is held out wherever and whenever the question is asked, however many others there are by then.
"""

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

TRAIN, VALIDATION = "train", "validation"
SHARE = 0.1


def is_validation(names: Iterable[str], share: float = SHARE) -> NDArray[np.bool_]:
    """Whether each of N file names is held out, (N,) bool; about ``share`` of them are."""
    digests = (hashlib.blake2b(f"{VALIDATION}/{name}".encode(), digest_size=8).digest() for name in names)
    keys = np.frombuffer(b"".join(digests), dtype=">u8")
    return np.asarray(keys < share * 2.0**64)

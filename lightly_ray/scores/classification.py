"""Uncertainty of class probabilities: least confidence, margin and entropy.

All three are 0 for a row that puts everything on one class and 1 for a row that is undecided
between all classes (the margin: between the two likeliest).

References:
    Settles. Active Learning Literature Survey. TR 1648, University of Wisconsin-Madison, 2009,
    section 3.1.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Real = TypeVar("Real", np.float32, np.float64)


def least_confidence(probabilities: NDArray[Real], *, normalize: bool = True) -> NDArray[Real]:
    """How far the likeliest class is from certain.

        s = (1 - p_1st) / (1 - 1 / C)        without ``normalize``: 1 - p_1st

    Args:
        probabilities: (N, C) with C >= 2, float32 or float64; rows sum to 1.
        normalize: divide by the largest possible value.

    Returns:
        (N,) scores of the same dtype.
    """
    kind = probabilities.dtype.type
    scores: NDArray[Real] = kind(1) - probabilities.max(axis=1)
    if normalize:
        scores = _unit(scores / kind(1 - 1 / probabilities.shape[1]))
    return scores


def margin(probabilities: NDArray[Real]) -> NDArray[Real]:
    """One minus the gap between the two likeliest classes.

        s = 1 - (p_1st - p_2nd)

    Args:
        probabilities: (N, C) with C >= 2, float32 or float64; rows sum to 1.

    Returns:
        (N,) scores of the same dtype.

    References:
        Scheffer, Decomain, Wrobel. Active Hidden Markov Models for Information Extraction.
        IDA 2001.
    """
    second, first = np.partition(probabilities, -2, axis=1)[:, -2:].T
    scores: NDArray[Real] = probabilities.dtype.type(1) - (first - second)
    return _unit(scores)


def entropy(probabilities: NDArray[Real], *, normalize: bool = True) -> NDArray[Real]:
    """Shannon entropy as a share of its maximum, log2 C.

        s = -sum_c p_c log2 p_c / log2 C     without ``normalize``: the entropy in bits

    Args:
        probabilities: (N, C) with C >= 2, float32 or float64; rows sum to 1. 0 log 0 counts as 0.
        normalize: divide by log2 C.

    Returns:
        (N,) scores of the same dtype.

    References:
        Shannon. A Mathematical Theory of Communication. Bell System Technical Journal, 1948.
    """
    kind = probabilities.dtype.type
    # log2(1) = 0 stands in where p = 0, so the product is 0 without a NaN on the way.
    logs = np.log2(np.where(probabilities > 0, probabilities, kind(1)))
    bits = -(probabilities * logs).sum(axis=1)
    return _unit(bits / kind(np.log2(probabilities.shape[1]))) if normalize else bits


def _unit(scores: NDArray[Real]) -> NDArray[Real]:
    # Rows may sum to 1 +- 1e-3, and sums are rounded: without this 1.0000001 would leave [0, 1].
    return np.clip(scores, 0, 1, out=scores)

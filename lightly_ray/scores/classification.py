"""Uncertainty of class probabilities: least confidence, margin and entropy.

All three are 0 for a row that puts everything on one class and 1 for a row that is undecided
between all classes (the margin: between the two likeliest).

References:
    Settles. Active Learning Literature Survey. TR 1648, University of Wisconsin-Madison, 2009,
    section 3.1.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightly_ray.data.predictions.ragged import Ragged
from lightly_ray.scores.kernels import log2_sums, top_two

Probabilities = NDArray[Any] | Ragged
"""(N, C) array with C >= 2, or N rows of length >= 2 each; float32 or float64, each row sums to 1."""

UNCERTAINTIES = ("uncertainty_least_confidence", "uncertainty_margin", "uncertainty_entropy")


def least_confidence(probabilities: Probabilities, *, normalize: bool = True) -> NDArray[Any]:
    """How far the likeliest class is from certain.

        s = (1 - p_1st) / (1 - 1 / C)        without ``normalize``: 1 - p_1st

    Args:
        probabilities: N distributions.
        normalize: divide by the largest possible value.

    Returns:
        (N,) scores of the same dtype.
    """
    rows = _rows(probabilities)
    scores = 1 - _top_two(rows)[0]
    return _unit(scores / _per_class(rows, lambda classes: 1 - 1 / classes)) if normalize else scores


def margin(probabilities: Probabilities) -> NDArray[Any]:
    """One minus the gap between the two likeliest classes.

        s = 1 - (p_1st - p_2nd)

    Args:
        probabilities: N distributions.

    Returns:
        (N,) scores of the same dtype.

    References:
        Scheffer, Decomain, Wrobel. Active Hidden Markov Models for Information Extraction.
        IDA 2001.
    """
    first, second = _top_two(_rows(probabilities))
    return _unit(1 - (first - second))


def entropy(probabilities: Probabilities, *, normalize: bool = True) -> NDArray[Any]:
    """Shannon entropy as a share of its maximum, log2 C.

        s = -sum_c p_c log2 p_c / log2 C     without ``normalize``: the entropy in bits

    Args:
        probabilities: N distributions. 0 log2 0 counts as 0.
        normalize: divide by log2 C.

    Returns:
        (N,) scores of the same dtype.

    References:
        Shannon. A Mathematical Theory of Communication. Bell System Technical Journal, 1948.
    """
    rows = _rows(probabilities)
    bits = np.empty(len(rows), rows.values.dtype)
    log2_sums(rows.values, rows.offsets, bits)
    # 0 - x and not -x: the entropy of a certain row is 0, not -0.
    bits = 0 - bits
    return _unit(bits / _per_class(rows, np.log2)) if normalize else bits


def uncertainties(probabilities: Probabilities, *, normalize: bool = True) -> dict[str, NDArray[Any]]:
    """All three by the names users know, ``UNCERTAINTIES``, in that order."""
    values = (
        least_confidence(probabilities, normalize=normalize),
        margin(probabilities),
        entropy(probabilities, normalize=normalize),
    )
    return dict(zip(UNCERTAINTIES, values, strict=True))


def _rows(probabilities: Probabilities) -> Ragged:
    return probabilities if isinstance(probabilities, Ragged) else Ragged.from_matrix(probabilities)


def _top_two(rows: Ragged) -> tuple[NDArray[Any], NDArray[Any]]:
    first, second = np.empty((2, len(rows)), rows.values.dtype)
    top_two(rows.values, rows.offsets, first, second)
    return first, second


def _per_class(rows: Ragged, formula: Any) -> NDArray[Any]:
    # Worked out once per number of classes, in float64, then looked up for each row.
    lengths = rows.lengths
    classes = np.arange(2, max(2, int(lengths.max(initial=2))) + 1)
    table = np.concatenate([[np.nan, np.nan], formula(classes)]).astype(rows.values.dtype)
    return np.asarray(table[lengths])


def _unit(scores: NDArray[Any]) -> NDArray[Any]:
    # Ragged may sum to 1 +- 1e-3, and sums are rounded: without this 1.0000001 would leave [0, 1].
    return np.clip(scores, 0, 1, out=scores)

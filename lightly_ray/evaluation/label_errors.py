"""Confident learning: which labels are likely wrong, by the predictions of a model that was not trained on them.

References:
    Northcutt, Jiang, Chuang. Confident Learning: Estimating Uncertainty in Dataset Labels. JAIR 70, 2021: the
    thresholds of equation 2, the confident joint of equation 1, samples ranked by self-confidence.
"""

import numpy as np
from numpy.typing import NDArray

_BLOCK = 2**22  # numbers compared with their thresholds at a time


def label_errors(
    probabilities: NDArray[np.floating], labels: NDArray[np.int64], given: NDArray[np.floating]
) -> NDArray[np.float64]:
    """How suspicious each label is.

        t_j = mean of p_j over the samples labelled j
        s   = 1 - p_label   where the likeliest class among those with p_j >= t_j is not the label, else 0

    p_label is the self-confidence of the sample. A class counts as likely by its own threshold, so classes that the
    model is rarely sure of are not all suspicious. The predictions must be made without the label (on held-out samples,
    or in turns): a model that has learnt it believes it.

    Args:
        probabilities: (n, C) distributions.
        labels: (n,) classes; those from C on are unknown to the model.
        given: (n,) p_label, 0 of a class that is unknown to the model.

    Returns:
        (n,) in [0, 1], 1 = most suspicious, 0 = nothing speaks against the label.
    """
    width = probabilities.shape[1]
    counts = np.bincount(labels, minlength=width)[:width]
    sums = np.bincount(labels, given, minlength=width)[:width]
    # A class that nothing is labelled as has no threshold to be above.
    thresholds = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    result = np.zeros(len(labels), dtype=np.float64)
    step = max(1, _BLOCK // width)
    for start in range(0, len(labels), step):
        here = slice(start, start + step)
        confident = np.where(probabilities[here] >= thresholds, probabilities[here], -1)
        likeliest = confident.argmax(axis=1)
        some = confident[np.arange(len(likeliest)), likeliest] >= 0
        result[here] = np.where(some & (likeliest != labels[here]), 1 - given[here].astype(np.float64), 0)
    return result

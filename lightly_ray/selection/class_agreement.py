"""What predictions say of coverage: where a label is worth most, and which samples are alike.

    u_i    p_i / |p_i|, the direction that `kernel` compares; of a labelled sample 1 at its class
    w_i    margin(p_i)^2 sum_c u_ic^2 / sqrt(m_c),    m_c = 0.001 + share of the pool whose likeliest class is c

So weights are large where the model hesitates, and for classes that it predicts rarely.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lightly_ray.scores.classification import margin
from lightly_ray.selection.whole_numbers import STEPS

_RAREST = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class ClassPredictions:
    """What a model predicts, and what is known.

    Attributes:
        probabilities: (n, C) of the candidates, each row a distribution.
        labels: (c,) class of each preselected sample that covers, -1 where it is not known.
    """

    probabilities: NDArray[np.float64]
    labels: NDArray[np.int64]


def directions(probabilities: NDArray[np.float64]) -> NDArray[np.float32]:
    """Directions of probabilities (n, C), in steps."""
    lengths = np.sqrt(np.square(probabilities).sum(axis=1, keepdims=True))
    return np.asarray(np.rint(probabilities / lengths * STEPS), np.float32)


def directions_of_labels(classes: NDArray[np.int64], count: int) -> NDArray[np.float32]:
    """Directions of labelled samples (k,), of ``count`` classes, in steps."""
    return np.asarray(STEPS * (classes[:, None] == np.arange(count)), np.float32)


def class_weights(probabilities: NDArray[np.float64], doubt: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """What a label of each sample is worth.

    Args:
        probabilities: (n, C) of the pool.
        doubt: (n,) scores in the place of margin^2.

    Returns:
        (n,) weights; the same for a sample in any order of them.
    """
    counts = np.bincount(probabilities.argmax(axis=1), minlength=probabilities.shape[1])
    squares = np.square(probabilities)
    dearness = squares / np.sqrt(_RAREST + counts / max(1, len(probabilities)))
    worth = np.asarray(margin(probabilities) ** 2) if doubt is None else doubt
    return np.asarray(worth * dearness.sum(axis=1) / squares.sum(axis=1))

"""Scores of semantic segmentation: every pixel is a classification, a map scores their mean."""

from typing import Any

import numpy as np

from lightly_ray.data.predictions.ragged import Ragged
from lightly_ray.scores.classification import uncertainties


def pixel_uncertainties(pixels: Ragged) -> dict[str, np.floating[Any]]:
    """Each uncertainty of classification, averaged over the pixels of one map.

        s = 1 / P sum_i s_i

    Args:
        pixels: P >= 1 rows of class probabilities.

    Returns:
        Score name -> score in [0, 1], of the dtype of the probabilities.
    """
    return {name: np.mean(scores) for name, scores in uncertainties(pixels).items()}

"""The score of keypoint detection: how unsure the model is where the keypoints are."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightly_ray.data.predictions.keypoints import Keypoints
from lightly_ray.data.predictions.ragged import Ragged
from lightly_ray.scores.kernels import mean

KEYPOINT_SCORES = ("mean_uncertainty",)


def mean_uncertainty(keypoints: Keypoints) -> NDArray[Any]:
    """One minus the mean confidence over instances; 0 for an image without keypoints.

        s = 1 - mean_i mean_k c_ik           instances without keypoints are left out

    Args:
        keypoints: instances of N images.

    Returns:
        (N,) scores in [0, 1].
    """
    confidences = keypoints.confidences
    filled = confidences.lengths > 0
    kind = confidences.values.dtype.type
    per_instance = np.empty(len(confidences), kind)
    mean(confidences.values, confidences.offsets, kind(0), per_instance)
    # Instances left in each image: how many filled ones lie before each of its ends.
    before = np.concatenate([[0], np.cumsum(filled)])
    images = Ragged(per_instance[filled], before[keypoints.offsets])
    means = np.empty(len(images), kind)
    mean(images.values, images.offsets, kind(1), means)
    return np.asarray(1 - means)

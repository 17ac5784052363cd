import numpy as np

from lightly_ray.data.predictions.keypoints import Keypoints
from lightly_ray.data.predictions.ragged import Ragged
from lightly_ray.scores.keypoints import mean_uncertainty


def test_mean_uncertainty__by_hand() -> None:
    # Four images: instances of 2 and 1 keypoints; none; one instance without keypoints and one with 2; one without.
    confidences = Ragged.from_lengths(np.array([0.25, 0.5, 0.125, 1.0, 0.5]), np.array([2, 1, 0, 2, 0]))
    found = mean_uncertainty(Keypoints(confidences, np.array([0, 2, 2, 4, 5])))
    assert found.tolist() == [1 - (0.375 + 0.125) / 2, 0, 0.25, 0]


def test_mean_uncertainty__without_images_and_in_float32() -> None:
    nothing = Keypoints(Ragged(np.empty(0, np.float32), np.array([0])), np.array([0]))
    assert mean_uncertainty(nothing).shape == (0,)
    assert mean_uncertainty(nothing).dtype == np.float32

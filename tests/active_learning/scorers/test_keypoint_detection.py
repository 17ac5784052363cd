from typing import Any

import numpy as np
import pytest

from lightly_ray.active_learning.scorers import ScorerKeypointDetection
from lightly_ray.active_learning.utils import KeypointInstancePrediction, KeypointPrediction
from lightly_ray.errors import InvalidInputError


def _image(*instances: list[float]) -> KeypointPrediction:
    return KeypointPrediction([KeypointInstancePrediction(one) for one in instances])


def test_scorer__values_that_users_know() -> None:
    first = _image([123.0, 456.0, 0.1, 565.0, 32.0, 0.2], [342.0, 432.0, 0.3, 43.0, 2.0, 0.4])
    second = _image([23.0, 43.0, 0.5, 43.0, 2.0, 0.6])
    scores = ScorerKeypointDetection([first, second]).calculate_scores()
    assert list(scores) == ScorerKeypointDetection.score_names() == ["mean_uncertainty"]
    np.testing.assert_allclose(scores["mean_uncertainty"], [0.75, 0.45])


def test_scorer__images_without_keypoints_score_0() -> None:
    images = [_image(), _image([]), _image([], [1, 2, 0.25])]
    assert ScorerKeypointDetection(images).calculate_scores()["mean_uncertainty"].tolist() == [0, 0, 0.75]


def test_scorer__arrays_will_do() -> None:
    points: Any = np.array([1, 2, 0.25, 3, 4, 0.75], np.float32)
    assert ScorerKeypointDetection([_image(points)]).calculate_scores()["mean_uncertainty"].tolist() == [0.5]


def test_scorer__an_image_that_became_bad_is_named() -> None:
    image = _image([1, 2, 0.25])
    image.keypoint_instance_predictions[0].keypoints = [1, 2, 1.5]
    with pytest.raises(InvalidInputError, match="first: row 0 has a value outside"):
        ScorerKeypointDetection([image]).calculate_scores()
    with pytest.raises(InvalidInputError, match="first: 'x' has a value outside"):
        ScorerKeypointDetection({"x": image}).calculate_scores()

from typing import Any

import numpy as np
import pytest

from lightly_ray.active_learning.scorers import ScorerObjectDetection
from lightly_ray.active_learning.utils import BoundingBox, ObjectDetectionOutput
from lightly_ray.errors import InvalidInputError

BOX = BoundingBox(0.1, 0.2, 0.3, 0.4)
OUTPUTS = [
    ObjectDetectionOutput([BOX, BOX], [0.57573, 0.988], [[0.7, 0.2, 0.1], [0.4, 0.5, 0.1]]),
    ObjectDetectionOutput([BOX], [0.1024], [[0.5, 0.41, 0.09]]),
    ObjectDetectionOutput([], [], []),
]


def test_scorer__values_that_users_know() -> None:
    scores = ScorerObjectDetection(OUTPUTS).calculate_scores()
    assert scores["object_frequency"].tolist() == [1.0, 0.95, 0.9]
    assert scores["objectness_least_confidence"].tolist() == [0.5514945, 0.9488, 0.0]
    np.testing.assert_allclose(scores["uncertainty_least_confidence"], [0.75, 0.75, 0])
    np.testing.assert_allclose(scores["uncertainty_margin"], [0.9, 0.91, 0])
    np.testing.assert_allclose(scores["uncertainty_entropy"], [0.85867271, 0.84547018, 0], rtol=1e-8)


def test_scorer__names() -> None:
    assert ScorerObjectDetection.score_names() == [
        "object_frequency",
        "objectness_least_confidence",
        "uncertainty_least_confidence",
        "uncertainty_margin",
        "uncertainty_entropy",
    ]


def test_scorer__config_is_filled_in_and_left_alone() -> None:
    given = {"min_score": 0.6}
    scorer = ScorerObjectDetection(OUTPUTS, given)
    assert scorer.config == {"frequency_penalty": 0.25, "min_score": 0.6}
    assert given == {"min_score": 0.6}
    np.testing.assert_allclose(scorer.calculate_scores()["object_frequency"], [1, 0.8, 0.6])
    empty: list[Any] = [None, {}]
    for nothing in empty:
        assert ScorerObjectDetection(OUTPUTS, nothing).config == {"frequency_penalty": 0.25, "min_score": 0.9}


def test_scorer__penalty() -> None:
    boxes = ObjectDetectionOutput.from_scores([BOX] * 3, [0.5] * 3, [4, 4, 4])
    one = ObjectDetectionOutput.from_scores([BOX], [0.5], [1])
    scorer = ScorerObjectDetection([boxes, one, OUTPUTS[2]], {"frequency_penalty": 0.5, "min_score": 0})
    assert scorer.calculate_scores()["object_frequency"].tolist() == [1, 0.5, 0]


@pytest.mark.parametrize("value", [-0.25, 1.25, "0.5", None])
def test_scorer__config_values_that_are_no_share(value: Any) -> None:
    with pytest.raises(ValueError, match="frequency_penalty must be a number in"):
        ScorerObjectDetection(OUTPUTS, {"frequency_penalty": value})


def test_scorer__unknown_config_keys() -> None:
    with pytest.raises(KeyError, match="unknown key 'penalty' in config, known are frequency_penalty, min_score"):
        ScorerObjectDetection(OUTPUTS, {"penalty": 0.5})


def test_scorer__float32_stays() -> None:
    arrays: Any = np.array([0.5, 1], np.float32), np.array([[0.25, 0.75], [0.5, 0.5]], np.float32)
    scores = ScorerObjectDetection([ObjectDetectionOutput([BOX, BOX], *arrays)]).calculate_scores()
    assert {values.dtype for values in scores.values()} == {np.dtype(np.float32)}


def test_scorer__what_is_no_number() -> None:
    words: Any = ["high"]
    with pytest.raises(InvalidInputError, match="object probabilities must be numbers"):
        ScorerObjectDetection([ObjectDetectionOutput([BOX], words, [[0.5, 0.5]], [0.5])]).calculate_scores()


@pytest.mark.parametrize(
    ("objects", "classes", "message"),
    [
        ([1.5], [[0.5, 0.5]], "outside"),
        ([0.5], [[0.5, 0.6]], "sum is not 1"),
        ([0.5], [[0.5, float("nan")]], "NaN"),
        ([0.5, 0.5], [[0.5, 0.5], [0.5, 0.25, 0.25]], "number of classes"),
    ],
)
def test_scorer__a_bad_image_is_named(objects: list[float], classes: list[list[float]], message: str) -> None:
    bad = ObjectDetectionOutput([BOX] * len(objects), objects, classes)
    with pytest.raises(InvalidInputError, match=f"first: row 1 has .*{message}"):
        ScorerObjectDetection([OUTPUTS[0], bad]).calculate_scores()
    with pytest.raises(InvalidInputError, match=f"first: 'y' has .*{message}"):
        ScorerObjectDetection({"x": OUTPUTS[0], "y": bad}).calculate_scores()

import json
from typing import Any

import numpy as np
import pytest

from lightly_ray.active_learning.utils import KeypointInstancePrediction, KeypointPrediction
from lightly_ray.errors import InvalidInputError

ONE = {"keypoints": [334, 534, 0.8, 456, 432, 0.1], "category_id": 3, "score": 0.5}


def test_instance__confidences() -> None:
    instance = KeypointInstancePrediction([334, 534, 0.8, 456, 432, 0.1])
    assert instance.get_confidences() == [0.8, 0.1]
    assert (instance.category_id, instance.score) == (-1, -1.0)
    assert KeypointInstancePrediction([]).get_confidences() == []


def test_instance__from_dict() -> None:
    instance = KeypointInstancePrediction.from_dict(ONE)
    assert (instance.keypoints, instance.category_id, instance.score) == (ONE["keypoints"], 3, 0.5)


@pytest.mark.parametrize("key", ["keypoints", "category_id", "score"])
def test_instance__from_dict_without_a_key(key: str) -> None:
    with pytest.raises(InvalidInputError, match=f"needs the key '{key}'"):
        KeypointInstancePrediction.from_dict({name: value for name, value in ONE.items() if name != key})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2, 0.5, 3],), "triples, got 4 numbers"),
        (([1, 2, 1.5],), r"confidences must lie in \[0, 1\]"),
        (([1, 2, -0.5],), r"confidences must lie in \[0, 1\]"),
        (([1, 2, float("nan")],), r"confidences must lie in \[0, 1\]"),
        (([1, 2, 0.5], "person"), "category_id must be an integer"),
        (([1, 2, 0.5], 1.5), "category_id must be an integer"),
        (([1, 2, 0.5], 1, "high"), "score must be a number"),
    ],
)
def test_instance__what_cannot_be_used(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        KeypointInstancePrediction(*arguments)


def test_instance__numbers_of_numpy() -> None:
    values: Any = np.array([1, 2, 0.5])
    instance = KeypointInstancePrediction(values, np.int64(3), np.float32(0.5))  # type: ignore[arg-type]  # typed as Python's
    assert list(instance.get_confidences()) == [0.5]


def test_prediction__from_dicts_and_json() -> None:
    for prediction in (
        KeypointPrediction.from_dicts([ONE, ONE]),
        KeypointPrediction.from_json_string(json.dumps([ONE] * 2)),
    ):
        instances = prediction.keypoint_instance_predictions
        assert [instance.get_confidences() for instance in instances] == [[0.8, 0.1]] * 2


@pytest.mark.parametrize("text", ["nonsense", "{}", "[1]", "3"])
def test_prediction__other_json(text: str) -> None:
    with pytest.raises(InvalidInputError, match="keypoint predictions"):
        KeypointPrediction.from_json_string(text)

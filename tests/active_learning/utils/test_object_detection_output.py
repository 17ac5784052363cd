from typing import Any

import numpy as np
import pytest

from lightly_ray.active_learning.utils import BoundingBox, ObjectDetectionOutput
from lightly_ray.errors import InvalidInputError

BOX = BoundingBox(0.1, 0.2, 0.3, 0.4)


def test_output__scores_and_labels_of_the_likeliest_class() -> None:
    output = ObjectDetectionOutput([BOX, BOX], [0.5, 1.0], [[0.25, 0.75], [0.5, 0.5]])
    assert output.scores == [0.375, 0.5]
    assert output.labels == [1, 0]


def test_output__arrays_will_do() -> None:
    output = ObjectDetectionOutput([BOX], np.array([0.5]), np.array([[0.25, 0.75]]))  # type: ignore[arg-type]  # typed as sequences
    assert (output.scores, output.labels) == ([0.375], [1])


def test_output__given_scores_stay() -> None:
    assert ObjectDetectionOutput([BOX], [0.5], [[0.25, 0.75]], scores=[0.125]).scores == [0.125]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([BOX], [0.5, 0.5], [[1.0]]), "of same length but are 1, 2, and 1"),
        (([BOX], [0.5], []), "of same length but are 1, 1, and 0"),
        (([BOX], [0.5], [[1.0]], []), "Boxes and scores must be of same length but are 1 and 0"),
        (([BOX], [0.5], [[]]), "box 0 has no class probabilities"),
    ],
)
def test_output__lengths_that_differ(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        ObjectDetectionOutput(*arguments)


def test_from_scores__the_others_share_the_rest() -> None:
    output = ObjectDetectionOutput.from_scores([BOX, BOX], [0.5, 0.25], [2, 0])
    assert output.class_probabilities == [[0.25, 0.25, 0.5], [0.25, 0.375, 0.375]]
    assert output.object_probabilities == output.scores == [0.5, 0.25]
    # The label, and not the likeliest of the made-up classes.
    assert output.labels == [2, 0]


def test_from_scores__there_are_always_two_classes() -> None:
    assert ObjectDetectionOutput.from_scores([BOX], [0.75], [0]).class_probabilities == [[0.75, 0.25]]
    assert ObjectDetectionOutput.from_scores([], [], []).class_probabilities == []


def test_from_scores__labels_of_numpy_and_below_0() -> None:
    labels: Any = np.array([1, -1])
    output = ObjectDetectionOutput.from_scores([BOX, BOX], [0.75, 0.5], labels)
    assert output.class_probabilities == [[0.25, 0.75], [0.5, 0.5]]
    assert output.labels == [1, -1]


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([1.1], [0], "scores must lie in"),
        ([-1.0], [1], "scores must lie in"),
        ([float("nan")], [1], "scores must lie in"),
        ([0.5], ["cat"], "labels must be integers"),
        ([0.5], [1.0], "labels must be integers"),
        ([0.5], [0, 1], "of one length, got 1, 1 and 2"),
        ([0.5, 0.5], [0, 1], "of one length, got 1, 2 and 2"),
        ([0.5], [-3], "labels below 0 count from the last class, of 2 here"),
    ],
)
def test_from_scores__what_cannot_be_used(scores: Any, labels: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        ObjectDetectionOutput.from_scores([BOX], scores, labels)

"""What a detector found in one image."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from lightly_ray.active_learning.utils.bounding_box import BoundingBox
from lightly_ray.data.predictions.checks import in_unit
from lightly_ray.errors import InvalidInputError


class ObjectDetectionOutput:
    """The boxes of one image, each with a probability that it is an object and one per class.

    Whether probabilities are probabilities is checked by ``ScorerObjectDetection``.

    Args:
        boxes: B boxes.
        object_probabilities: B probabilities that the box holds an object at all.
        class_probabilities: B distributions over the classes, lists or arrays of one length.
        scores: B confidences; by default object probability times the largest class probability.

    Attributes:
        labels: B classes, the likeliest of each box, the first among equals.

    Raises:
        InvalidInputError: the lengths differ, or a box has no classes.

    Example:
        >>> output = ObjectDetectionOutput([BoundingBox(0.1, 0.2, 0.3, 0.4)], [0.5], [[0.25, 0.75]])
        >>> output.scores, output.labels
        ([0.375], [1])
    """

    def __init__(
        self,
        boxes: Sequence[BoundingBox],
        object_probabilities: Sequence[float],
        class_probabilities: Sequence[Sequence[float]],
        scores: Sequence[float] | None = None,
    ) -> None:
        if not len(boxes) == len(object_probabilities) == len(class_probabilities):
            raise InvalidInputError(
                f"Boxes, object and class probabilities must be of same length but are {len(boxes)}, "
                f"{len(object_probabilities)}, and {len(class_probabilities)}"
            )
        if scores is not None and len(scores) != len(boxes):
            raise InvalidInputError(f"Boxes and scores must be of same length but are {len(boxes)} and {len(scores)}")
        classes = [_as_list(one, box) for box, one in enumerate(class_probabilities)]
        self.boxes = boxes
        self.object_probabilities = object_probabilities
        self.class_probabilities = class_probabilities
        self.labels = [one.index(max(one)) for one in classes]
        if scores is None:
            scores = [float(o * max(one)) for o, one in zip(object_probabilities, classes, strict=True)]
        self.scores = scores

    @classmethod
    def from_scores(cls, boxes: Sequence[BoundingBox], scores: Sequence[float], labels: Sequence[int]) -> Self:
        """Build it from a confidence and a class per box, where the model gives no more.

        Of K + 1 classes, K the largest label of this image but at least 1, the labelled one gets
        the score and the others share the rest evenly. The uncertainty scores that follow from such
        made-up distributions say little more than the confidence: use full class probabilities
        where you have them.

        Args:
            boxes: B boxes.
            scores: B confidences in [0, 1].
            labels: B classes, integers.

        Raises:
            InvalidInputError: a score outside [0, 1], a label that is no integer, or other lengths.
        """
        if not all(map(in_unit, scores)):
            raise InvalidInputError(f"scores must lie in [0, 1], got {list(scores)}")
        if not all(isinstance(label, int | np.integer) for label in labels):
            raise InvalidInputError(f"labels must be integers, got {list(labels)}")
        if not len(boxes) == len(scores) == len(labels):
            raise InvalidInputError(
                f"boxes, scores and labels must be of one length, got {len(boxes)}, {len(scores)} and {len(labels)}"
            )
        others = max([1, *labels])
        if any(not -others - 1 <= label for label in labels):
            raise InvalidInputError(
                f"labels below 0 count from the last class, of {others + 1} here, got {list(labels)}"
            )
        classes = []
        for score, label in zip(scores, labels, strict=True):
            row = [(1 - score) / others] * (others + 1)
            row[label] = score
            classes.append(row)
        output = cls(boxes, scores, classes, scores)
        output.labels = list(labels)
        return output


def _as_list(probabilities: Any, box: int) -> list[float]:
    values = probabilities.tolist() if isinstance(probabilities, np.ndarray) else list(probabilities)
    if not values:
        raise InvalidInputError(f"box {box} has no class probabilities")
    return values

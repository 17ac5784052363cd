"""Keypoints that a model found in one image, per instance."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from lightly_ray.data.predictions.checks import in_unit
from lightly_ray.errors import InvalidInputError


class KeypointInstancePrediction:
    """The keypoints of one instance, say of one person.

    Args:
        keypoints: x0, y0, c0, x1, y1, c1, ...: position and confidence of each keypoint, the
            confidences in [0, 1].
        category_id: the class of the instance; no score uses it.
        score: confidence of the whole instance; no score uses it.

    Raises:
        InvalidInputError: no triples, a confidence outside [0, 1], or wrong types.

    Example:
        >>> KeypointInstancePrediction([334, 534, 0.8, 456, 432, 0.1]).get_confidences()
        [0.8, 0.1]
    """

    def __init__(self, keypoints: Sequence[float], category_id: int = -1, score: float = -1.0) -> None:
        if not isinstance(category_id, int | np.integer):
            raise InvalidInputError(f"category_id must be an integer, got {category_id!r}")
        if not isinstance(score, int | float | np.number):
            raise InvalidInputError(f"score must be a number, got {score!r}")
        if len(keypoints) % 3:
            raise InvalidInputError(f"keypoints must be x, y, confidence triples, got {len(keypoints)} numbers")
        self.keypoints = keypoints
        self.category_id = category_id
        self.score = score
        if not all(map(in_unit, self.get_confidences())):
            raise InvalidInputError(f"keypoint confidences must lie in [0, 1], got {list(self.get_confidences())}")

    @classmethod
    def from_dict(cls, dict_: Mapping[str, Any]) -> Self:
        """Build it from a dictionary with the keys keypoints, category_id and score."""
        try:
            return cls(dict_["keypoints"], dict_["category_id"], dict_["score"])
        except KeyError as error:
            raise InvalidInputError(f"a keypoint prediction needs the key {error}, got {sorted(dict_)}") from error

    def get_confidences(self) -> Sequence[float]:
        """The confidence of each keypoint."""
        return self.keypoints[2::3]


class KeypointPrediction:
    """All instances that a model found in one image.

    Args:
        keypoint_instance_predictions: one per instance.
    """

    def __init__(self, keypoint_instance_predictions: Sequence[KeypointInstancePrediction]) -> None:
        self.keypoint_instance_predictions = keypoint_instance_predictions

    @classmethod
    def from_dicts(cls, dicts: Sequence[Mapping[str, Any]]) -> Self:
        """Build it from one dictionary per instance."""
        return cls([KeypointInstancePrediction.from_dict(one) for one in dicts])

    @classmethod
    def from_json_string(cls, json_string: str) -> Self:
        """Build it from a JSON list of one object per instance."""
        try:
            dicts = json.loads(json_string)
        except json.JSONDecodeError as error:
            raise InvalidInputError(f"keypoint predictions are no JSON: {error}") from error
        if not isinstance(dicts, list) or not all(isinstance(one, dict) for one in dicts):
            raise InvalidInputError(f"keypoint predictions must be a JSON list of objects, got {json_string[:80]!r}")
        return cls.from_dicts(dicts)

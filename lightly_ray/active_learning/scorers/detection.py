"""Scores of object detection."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray.active_learning.scorers.scorer import Scorer, as_predictions
from lightly_ray.active_learning.utils.object_detection_output import ObjectDetectionOutput
from lightly_ray.data.predictions.checks import as_floats, require_no_fault
from lightly_ray.data.predictions.detection import Detections, checked
from lightly_ray.data.predictions.ragged import Ragged
from lightly_ray.errors import InvalidInputError
from lightly_ray.scores.detection import DETECTION_SCORES, FrequencyConfig, detection_scores
from lightly_ray.scores.tasks import finish_scores, score_table, summarize_scores


class ScorerObjectDetection(Scorer):
    """How much there is in each image, and how unsure a detector is about it.

    ============================= ==================================================
    object_frequency              how many objects, further ones of a class counting less; depends on
                                  all images together
    objectness_least_confidence   one minus the mean confidence of the boxes
    uncertainty_*                 as in classification, that of the most uncertain box
    ============================= ==================================================

    An image without boxes has objectness and uncertainties 0.

    Args:
        model_output: one ``ObjectDetectionOutput`` per image, in the order of
            ``ActiveLearningAgent.query_set``: a list or an iterator; or ``{filename: output}``; or a
            pyarrow Table, see ``lightly_ray.data.predictions.detection``.
        config: ``{"frequency_penalty": 0.25, "min_score": 0.9}`` or a part of it: what each further
            object of a class counts, and the score of the image with the fewest; both in [0, 1].

    Raises:
        InvalidInputError: a value of ``config`` is no number in [0, 1].
        NotFoundError: an unknown key in ``config``.
    """

    def __init__(self, model_output: Any, config: Mapping[str, float] | None = None) -> None:
        model_output = as_predictions(model_output)
        if not isinstance(model_output, Mapping | pa.Table):
            model_output = list(model_output)
        super().__init__(model_output)
        self._config = FrequencyConfig.from_mapping(config)
        self.config = asdict(self._config)

    def calculate_scores(self) -> dict[str, NDArray[Any]]:
        """Calculate all scores.

        Returns:
            Score name -> (N,) scores.

        Raises:
            InvalidInputError: a probability is NaN or outside [0, 1], or class probabilities of a
                box do not sum to 1, naming the image.
        """
        if isinstance(self.model_output, pa.Table):
            return score_table("detection", self.model_output, self._config, self.filenames)
        boxes, faults = checked(_gather(self.model_output))
        require_no_fault(faults, self.filenames)
        scores = detection_scores(boxes, self._config.frequency_penalty)
        return finish_scores(scores, summarize_scores(scores), self._config)

    @classmethod
    def score_names(cls) -> list[str]:
        """Names of the scores, in order."""
        return list(DETECTION_SCORES)


def _gather(outputs: Sequence[ObjectDetectionOutput]) -> Detections:
    """The boxes of all images as flat arrays."""
    per_image = np.array([len(output.object_probabilities) for output in outputs], dtype=np.int64)
    boxes = list(chain.from_iterable(output.class_probabilities for output in outputs))
    per_box = np.array([len(box) for box in boxes], dtype=np.int64)
    classes = _flat(boxes, "class probabilities")
    kind = classes.dtype
    objects = _flat([output.object_probabilities for output in outputs], "object probabilities").astype(kind)
    scores = _flat([output.scores for output in outputs], "scores").astype(kind)
    labels = np.fromiter(chain.from_iterable(output.labels for output in outputs), np.int64, int(per_image.sum()))
    return Detections(Ragged.from_lengths(objects, per_image), Ragged.from_lengths(classes, per_box), scores, labels)


def _flat(lists: Sequence[Sequence[float]], what: str) -> NDArray[Any]:
    # Arrays are joined as arrays, which keeps float32; of lists no second list is made, which would be the largest.
    if lists and all(isinstance(one, np.ndarray) for one in lists):
        return as_floats(np.concatenate(lists), what)
    try:
        return np.fromiter(chain.from_iterable(lists), np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"{what} must be numbers: {error}") from error

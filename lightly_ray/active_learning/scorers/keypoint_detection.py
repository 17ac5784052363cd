"""Scores of keypoint detection."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray.active_learning.scorers.scorer import Scorer, as_predictions
from lightly_ray.active_learning.utils.keypoint_predictions import KeypointPrediction
from lightly_ray.data.predictions.checks import require_no_fault
from lightly_ray.data.predictions.keypoints import Keypoints, checked
from lightly_ray.data.predictions.ragged import Ragged
from lightly_ray.scores.detection import FrequencyConfig
from lightly_ray.scores.keypoints import KEYPOINT_SCORES, mean_uncertainty
from lightly_ray.scores.tasks import score_table


class ScorerKeypointDetection(Scorer):
    """How unsure a model is where the keypoints of each image are.

    The one score, ``mean_uncertainty``, is one minus the mean over instances of their mean keypoint
    confidence; 0 for an image without keypoints.

    Args:
        model_output: one ``KeypointPrediction`` per image, in the order of
            ``ActiveLearningAgent.query_set``: a list or an iterator; or ``{filename: prediction}``; or a
            pyarrow Table, see ``lightly_ray.data.predictions.keypoints``.
    """

    def __init__(self, model_output: Any) -> None:
        model_output = as_predictions(model_output)
        if not isinstance(model_output, Mapping | pa.Table):
            model_output = list(model_output)
        super().__init__(model_output)

    def calculate_scores(self) -> dict[str, NDArray[Any]]:
        """Calculate the score.

        Returns:
            ``{"mean_uncertainty": (N,) scores}``.

        Raises:
            InvalidInputError: a confidence is NaN or outside [0, 1], naming the image.
        """
        if isinstance(self.model_output, pa.Table):
            return score_table("keypoints", self.model_output, FrequencyConfig(), self.filenames)
        keypoints, faults = checked(_gather(self.model_output))
        require_no_fault(faults, self.filenames)
        return dict(zip(KEYPOINT_SCORES, [mean_uncertainty(keypoints)], strict=True))

    @classmethod
    def score_names(cls) -> list[str]:
        """Names of the scores, in order."""
        return list(KEYPOINT_SCORES)


def _gather(predictions: Sequence[KeypointPrediction]) -> Keypoints:
    """The confidences of all instances of all images as flat arrays."""
    images = [one.keypoint_instance_predictions for one in predictions]
    confidences = [instance.get_confidences() for instance in chain.from_iterable(images)]
    flat = np.fromiter(chain.from_iterable(confidences), np.float64)
    instances = Ragged.from_lengths(flat, np.array([len(one) for one in confidences], dtype=np.int64))
    return Keypoints(
        instances, Ragged.from_lengths(flat, np.array([len(one) for one in images], dtype=np.int64)).offsets
    )

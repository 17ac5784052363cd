"""Scores of image classification."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray.active_learning.scorers.scorer import Scorer, as_predictions
from lightly_ray.data.predictions import classification
from lightly_ray.data.predictions.checks import as_probabilities, checked_distributions, require_no_fault
from lightly_ray.data.predictions.ragged import Ragged
from lightly_ray.scores.classification import UNCERTAINTIES, uncertainties


class ScorerClassification(Scorer):
    """How unsure a classifier is about each sample.

    ============================= ==================================================
    uncertainty_least_confidence  how far the likeliest class is from certain
    uncertainty_margin            how close the two likeliest classes are
    uncertainty_entropy           how evenly the probabilities are spread
    ============================= ==================================================

    Args:
        model_output: (N, C) class probabilities whose rows sum to 1, in the order of
            ``ActiveLearningAgent.query_set``: an array, lists, or an iterator over rows; or
            ``{filename: row}``; or a DataFrame with a column per class and the file names as its index; or a pyarrow
            Table or DataFrame with a column ``probabilities``. A single column p means two classes, [p, 1 - p].

    Attributes:
        model_output: (N, C) float32 or float64, C >= 2.

    Raises:
        InvalidInputError: wrong shape; NaN, a value outside [0, 1], or a sum that is off, naming
            the sample.

    Example:
        >>> scorer = ScorerClassification({"a.jpg": [0.7, 0.2, 0.1], "b.jpg": [0.4, 0.5, 0.1]})
        >>> scorer.calculate_scores()["uncertainty_margin"].tolist()
        [0.5, 0.9]
    """

    model_output: NDArray[Any]

    def __init__(self, model_output: Any) -> None:
        super().__init__(list(model_output) if isinstance(model_output, Iterator) else as_predictions(model_output))
        if isinstance(self.model_output, pa.Table):
            self.model_output = _matrix(self.model_output, self.filenames)
        else:
            matrix = as_probabilities(self.model_output, "ScorerClassification model_output")
            given = Ragged.from_matrix(matrix)
            rows, faults = checked_distributions(given)
            require_no_fault(faults, self.filenames)
            self.model_output = matrix if rows is given else rows.values.reshape(matrix.shape)

    def calculate_scores(self, normalize_to_0_1: bool = True) -> dict[str, NDArray[Any]]:
        """Calculate the three uncertainties.

        Args:
            normalize_to_0_1: False leaves least confidence as 1 - max p and entropy in bits.

        Returns:
            Score name -> (N,) scores: float32 for float32 predictions, else float64.
        """
        return uncertainties(self.model_output, normalize=normalize_to_0_1)

    @classmethod
    def score_names(cls) -> list[str]:
        """Names of the scores, in order."""
        return list(UNCERTAINTIES)


def _matrix(table: pa.Table, filenames: Sequence[str] | None) -> NDArray[Any]:
    classes, parts = 0, []
    for batch in table.to_batches():
        rows, faults = classification.read(batch, classes)
        classes = classes or classification.count_classes(rows)
        parts.append((rows.values, faults))
    if not parts:
        return np.empty((0, 2))
    require_no_fault(np.concatenate([faults for _, faults in parts]), filenames)
    return np.concatenate([values for values, _ in parts]).reshape(-1, classes or 2)

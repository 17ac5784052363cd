"""Scores of image classification."""

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from lightly_ray.active_learning.scorers.scorer import Scorer
from lightly_ray.data.predictions.checks import as_probabilities, require_probabilities
from lightly_ray.scores.classification import entropy, least_confidence, margin


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
            ``{filename: row}``. A single column p means two classes, [p, 1 - p].

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
        super().__init__(list(model_output) if isinstance(model_output, Iterator) else model_output)
        self.model_output = as_probabilities(self.model_output, "ScorerClassification model_output")
        require_probabilities(self.model_output, self.filenames)

    def calculate_scores(self, normalize_to_0_1: bool = True) -> dict[str, NDArray[Any]]:
        """Calculate the three uncertainties.

        Args:
            normalize_to_0_1: False leaves least confidence as 1 - max p and entropy in bits.

        Returns:
            Score name -> (N,) scores: float32 for float32 predictions, else float64.
        """
        values = [
            least_confidence(self.model_output, normalize=normalize_to_0_1),
            margin(self.model_output),
            entropy(self.model_output, normalize=normalize_to_0_1),
        ]
        return dict(zip(self.score_names(), values, strict=True))

    @classmethod
    def score_names(cls) -> list[str]:
        """Names of the scores, in order."""
        return ["uncertainty_least_confidence", "uncertainty_margin", "uncertainty_entropy"]

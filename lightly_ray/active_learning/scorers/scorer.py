"""The base of all scorers: predictions in, one array per score out, 1 = most wanted."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from lightly_ray.errors import InvalidInputError


class Scorer(ABC):
    """Turns the predictions of a model into scores, one per sample and score name.

    A scorer of your own overrides ``calculate_scores`` and ``score_names``::

        class ScorerSize(Scorer):
            def calculate_scores(self):
                return {"size": np.asarray(self.model_output) / max(self.model_output)}

            @classmethod
            def score_names(cls):
                return ["size"]

    Values lie in [0, 1] and 1 is most wanted. ``ActiveLearningAgent.query`` takes it like any other.

    Attributes:
        model_output: the predictions, by position or the values of a mapping.
        filenames: the samples the scores belong to, in the order of the scores; None where the
            predictions came by position, in the order of ``ActiveLearningAgent.query_set``.
    """

    model_output: Any = None
    filenames: Sequence[str] | None = None

    def __init__(self, model_output: Any = None) -> None:
        if isinstance(model_output, Mapping):
            self.filenames = _names(model_output)
            model_output = list(model_output.values())
        self.model_output = model_output

    @abstractmethod
    def calculate_scores(self) -> dict[str, NDArray[Any]]:
        """Calculate every score.

        Returns:
            Score name -> (N,) scores, in the order of ``score_names()``.
        """

    @classmethod
    def score_names(cls) -> list[str]:
        """Names of the scores that ``calculate_scores`` returns, in its order."""
        # Not abstract: scorers written for the first releases of the workflow do not have it.
        raise NotImplementedError(f"{cls.__name__} does not say which scores it calculates")


def _names(predictions: Mapping[Any, Any]) -> list[str]:
    for name in predictions:
        if not isinstance(name, str):
            raise InvalidInputError(f"predictions are given by filename, a string, got {name!r}")
    return list(predictions)

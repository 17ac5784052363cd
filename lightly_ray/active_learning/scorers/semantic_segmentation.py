"""Scores of semantic segmentation."""

from collections.abc import Iterable, Iterator
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray.active_learning.scorers.scorer import FILENAME, Scorer, as_predictions, batches, filenames_of
from lightly_ray.data.predictions.checks import PredictionFault, checked_distributions
from lightly_ray.data.predictions.segmentation import maps, pixels
from lightly_ray.errors import InvalidInputError
from lightly_ray.scores.classification import UNCERTAINTIES
from lightly_ray.scores.segmentation import pixel_uncertainties


class ScorerSemanticSegmentation(Scorer):
    """How unsure a segmentation model is about each image: the mean over pixels of the ``uncertainty_*``.

    Maps are scored one at a time and may have different sizes; those that an iterator yields are not
    kept. The scores are, so they can be asked for again.

    Args:
        model_output: one array (H, W, C) of class probabilities per image, in the order of
            ``ActiveLearningAgent.query_set``: a list, a 4-dimensional array or an iterator; or
            ``{filename: array}``; or a pyarrow Table, see ``lightly_ray.data.predictions.segmentation``.
            C = 1 means two classes, [p, 1 - p].

    Example:
        >>> def predictions():
        ...     for size in (2, 3):
        ...         yield np.full((size, size, 4), 0.25)
        >>> ScorerSemanticSegmentation(predictions()).calculate_scores()["uncertainty_entropy"].tolist()
        [1.0, 1.0]
    """

    def __init__(self, model_output: Any) -> None:
        super().__init__(as_predictions(model_output))
        self._scores: dict[str, NDArray[Any]] | None = None

    def calculate_scores(self) -> dict[str, NDArray[Any]]:
        """Calculate the three uncertainties.

        Returns:
            Score name -> (N,) scores; empty without predictions.

        Raises:
            InvalidInputError: a map has the wrong shape, a value is NaN or outside [0, 1], or the
                classes of a pixel do not sum to 1, naming the image.
        """
        if self._scores is None:
            output = self.model_output
            self._scores = self._score_all(_from_tables([output]) if isinstance(output, pa.Table) else output)
        return dict(self._scores)

    @classmethod
    def score_names(cls) -> list[str]:
        """Names of the scores, in order."""
        return list(UNCERTAINTIES)

    @classmethod
    def from_dataset(cls, dataset: Any, id_column: str = FILENAME, **options: Any) -> Self:
        """Score a data set of segmentation maps batch by batch; the maps are not kept.

        Args:
            dataset: ``ray.data.Dataset`` or pyarrow Table.
            id_column: the column of file names.
            options: none.

        Raises:
            InvalidInputError: no such column, no names in it, or predictions that cannot be used.
        """
        scorer = cls([], **options)
        names: list[str] = []
        scorer.filenames = names

        def read() -> Iterator[Any]:
            # The names of a batch are there before its first map is asked for.
            for table in batches(dataset, id_column):
                names.extend(filenames_of(table, id_column))
                yield from _from_tables([table])

        scorer._scores = scorer._score_all(read())
        return scorer

    def _score_all(self, predictions: Iterable[Any]) -> dict[str, NDArray[Any]]:
        scored = [self._score_one(row, prediction) for row, prediction in enumerate(predictions)]
        return {name: np.array([scores[name] for scores in scored]) for name in UNCERTAINTIES} if scored else {}

    def _score_one(self, row: int, prediction: Any) -> dict[str, Any]:
        name = f"row {row}" if self.filenames is None else repr(self.filenames[row])
        if isinstance(prediction, PredictionFault):
            raise InvalidInputError(f"the segmentation map of {name} cannot be used: it has {prediction}")
        rows, faults = checked_distributions(pixels(np.asarray(prediction), f"the segmentation map of {name}"))
        fault = PredictionFault(faults.max())
        if fault:
            raise InvalidInputError(f"the segmentation map of {name} cannot be used: it has {fault}")
        return pixel_uncertainties(rows)


def _from_tables(tables: Iterable[pa.Table]) -> Iterator[Any]:
    for table in tables:
        for batch in table.to_batches():
            yield from maps(batch)

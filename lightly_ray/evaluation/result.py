"""What an evaluation comes to."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray.data.labels.table import Task
from lightly_ray.methods import EVALUATION_SCORES, LABEL_ERROR

SCORES = EVALUATION_SCORES
"""The scores per sample that every evaluation has, in [0, 1]: 1 is worst predicted, or likeliest labelled wrong."""

_NAMED = 20  # samples that the JSON names of each kind


@dataclass(frozen=True, slots=True)
class ClassResult:
    """How one class went. What is a ratio of nothing to nothing is NaN, None in JSON.

    Attributes:
        name: of the class.
        support: how many labels there are of it.
        predicted: how many predictions (in a detection, boxes of any score).
        precision, recall, f1: in [0, 1]; of a classification.
        average_precision, average_precision_50: in [0, 1]; of a detection, over IoU 0.5 to 0.95, and at 0.5.
    """

    name: str
    support: int
    predicted: int
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    average_precision: float | None = None
    average_precision_50: float | None = None


@dataclass(frozen=True, slots=True)
class Bin:
    """The samples of a classification whose largest probability lies in a part of [0, 1].

    Attributes:
        count: how many.
        confidence: the mean of their largest probability, NaN of none.
        accuracy: the share that is right, NaN of none.
    """

    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Counts:
    """Samples of the labels, by what became of them, and of the predictions that were not needed.

    Attributes:
        evaluated: have both.
        without_prediction: labelled, and not predicted; left out.
        without_label: predicted, and not in the labels; left out.
        unlabelled: in the labels without a class, in a classification; left out.
        cannot_be_labelled: as an annotator said; left out.
    """

    evaluated: int
    without_prediction: int
    without_label: int
    unlabelled: int
    cannot_be_labelled: int


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """How good predictions are.

    Attributes:
        task: classification or detection.
        classes: one result per class: those of the predictions in their order, then those of the labels alone.
        counts: which samples it is made of.
        metrics: by name, in [0, 1]. Classification: accuracy, macro_f1 (the mean over the classes that are labelled or
            predicted), expected_calibration_error. Detection: average_precision (IoU 0.5 to 0.95),
            average_precision_50, means over the classes that are labelled.
        filenames: (n,) the samples, sorted.
        scores: `SCORES` by name, (n,) float64 in [0, 1].
        confusion: (k, 3) label, prediction, count > 0 of a classification, classes as positions in ``classes``; empty
            for detection.
        calibration: 15 bins of equal width, of a classification.
        likely_label_errors: how many samples have a ``label_error`` above 0.
    """

    task: Task
    classes: tuple[ClassResult, ...]
    counts: Counts
    metrics: dict[str, float]
    filenames: pa.LargeStringArray
    scores: dict[str, NDArray[np.float64]]
    confusion: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 3), np.int64))
    calibration: tuple[Bin, ...] = ()

    @property
    def likely_label_errors(self) -> int:
        """How many samples have a ``label_error`` above 0."""
        return int(np.count_nonzero(self.scores[LABEL_ERROR]))

    def confusion_matrix(self) -> NDArray[np.int64]:
        """(C, C) counts, labels down and predictions across."""
        matrix = np.zeros((len(self.classes), len(self.classes)), np.int64)
        matrix[self.confusion[:, 0], self.confusion[:, 1]] = self.confusion[:, 2]
        return matrix

    def worst(self, score: str, count: int = _NAMED) -> list[tuple[str, float]]:
        """The samples with the highest values of a score, above 0; of equal ones the first by name."""
        values = self.scores[score]
        order = np.argsort(-values, kind="stable")[:count]
        return [(self.filenames[int(row)].as_py(), float(values[row])) for row in order if values[row] > 0]

    def to_json(self) -> dict[str, Any]:
        """As JSON values: everything but the scores per sample, of which the highest are named."""
        named = {name: [{"filename": at, "value": value} for at, value in self.worst(name)] for name in SCORES}
        return {
            "task": self.task,
            "metrics": _plain(self.metrics),
            "counts": asdict(self.counts),
            "classes": [_plain(asdict(one)) for one in self.classes],
            "confusion": self.confusion.tolist(),
            "calibration": [_plain(asdict(one)) for one in self.calibration],
            "likely_label_errors": self.likely_label_errors,
            "worst": named,
        }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    # JSON has no NaN.
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in values.items()}

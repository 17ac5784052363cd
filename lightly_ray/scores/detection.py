"""Scores of object detection, over all boxes of all images in one pass.

Boxes come as flat arrays over B boxes and offsets that say which belong to which of N images. Where a
model gives no confidence, it is the object probability times the largest class probability; where it
gives no label, the likeliest class, the first among equals.

Only ``object_frequency`` depends on the whole set of images, in three steps: ``summarize`` each part,
``merge`` the summaries in any order, and ``finish`` each part with the whole summary.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightly_ray.data.predictions.detection import Detections
from lightly_ray.data.predictions.ragged import Ragged
from lightly_ray.errors import InvalidInputError, NotFoundError
from lightly_ray.scores.classification import UNCERTAINTIES, uncertainties
from lightly_ray.scores.kernels import largest, mean, peaks, weigh_labels

FREQUENCY = "object_frequency"
OBJECTNESS = "objectness_least_confidence"
DETECTION_SCORES = (FREQUENCY, OBJECTNESS, *UNCERTAINTIES)


@dataclass(frozen=True, slots=True)
class FrequencyConfig:
    """How objects are counted.

    Attributes:
        frequency_penalty: in [0, 1], what each further object of a class counts, the first counting 1.
        min_score: in [0, 1], the score of the image with the fewest objects.
    """

    frequency_penalty: float = 0.25
    min_score: float = 0.9

    def __post_init__(self) -> None:
        for name, value in (("frequency_penalty", self.frequency_penalty), ("min_score", self.min_score)):
            if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value <= 1:
                raise InvalidInputError(f"{name} must be a number in [0, 1], got {value!r}")

    @classmethod
    def from_mapping(cls, config: Mapping[str, float] | None) -> "FrequencyConfig":
        """Build it from a dictionary; what is not in there has its default.

        Raises:
            InvalidInputError: a value is no number in [0, 1], or it is no dictionary.
            NotFoundError: a key is unknown.
        """
        options = {} if config is None else config
        if not isinstance(options, Mapping):
            raise InvalidInputError(f"config must be a dictionary, got {config!r}")
        names = [field.name for field in fields(cls)]
        for key in options:
            if key not in names:
                raise NotFoundError(f"unknown key {key!r} in config, known are {', '.join(names)}")
        return cls(**options)


@dataclass(frozen=True, slots=True)
class Extent:
    """The smallest and largest object count of some images; of none: inf and -inf."""

    low: float = np.inf
    high: float = -np.inf


def object_counts(labels: NDArray[np.int64], offsets: NDArray[np.int64], penalty: Any) -> NDArray[Any]:
    """Objects per image, with a discount for further ones of the same class.

        v = sum over the classes found of 1 + penalty (n_c - 1),  n_c boxes of class c

    The definition is that of the published client (`lightly` 1.1, ScorerObjectDetection), which has no paper.

    Args:
        labels: (B,) the class of each box.
        offsets: (N + 1,) image i has the boxes ``offsets[i]:offsets[i + 1]``.
        penalty: what each further object of a class counts, a NumPy float.

    Returns:
        (N,) counts >= 0, of the dtype of ``penalty``.
    """
    counts = np.empty(len(offsets) - 1, penalty.dtype)
    weigh_labels(labels, offsets, penalty, counts)
    return counts


def summarize(counts: NDArray[Any]) -> Extent:
    """The extent of the (N,) object counts of one part of the images."""
    return Extent(float(counts.min(initial=np.inf)), float(counts.max(initial=-np.inf)))


def merge(left: Extent, right: Extent) -> Extent:
    """The extent of two parts together. Associative and commutative, so any tree will do."""
    return Extent(min(left.low, right.low), max(left.high, right.high))


def finish(counts: NDArray[Any], extent: Extent, min_score: float) -> NDArray[Any]:
    """Scale object counts to [min_score, 1] over all images.

        s = min_score + (1 - min_score) (v - low) / (high - low);  1 where all counts are equal

    Args:
        counts: (N,) object counts of one part.
        extent: that of the counts of all parts.
        min_score: the score of the lowest count.

    Returns:
        (N,) scores of the same dtype.
    """
    kind = counts.dtype.type
    slope = kind(1 - min_score) / kind(max(extent.high - extent.low, np.finfo(kind).tiny))
    scores = slope * (counts - kind(extent.low)) + kind(min_score)
    # Not by the formula: a product with the slope may end just beside 1.
    scores[counts >= extent.high] = 1
    return np.asarray(np.minimum(scores, 1))


def objectness_least_confidence(scores: NDArray[Any], offsets: NDArray[np.int64]) -> NDArray[Any]:
    """One minus the mean confidence of the boxes of each image; 0 without boxes.

        s = 1 - mean_b score_b

    Args:
        scores: (B,) the confidence of each box.
        offsets: (N + 1,) image i has the boxes ``offsets[i]:offsets[i + 1]``.

    Returns:
        (N,) scores of the same dtype.
    """
    means = np.empty(len(offsets) - 1, scores.dtype)
    mean(scores, offsets, scores.dtype.type(1), means)
    return np.asarray(1 - means)


def box_uncertainties(classes: Ragged, offsets: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """For each uncertainty of classification the largest among the boxes of each image; 0 without boxes.

    Args:
        classes: B rows of class probabilities; one class p means two, [p, 1 - p].
        offsets: (N + 1,) image i has the boxes ``offsets[i]:offsets[i + 1]``.

    Returns:
        Score name -> (N,) scores of the same dtype.
    """
    result = {}
    for name, per_box in uncertainties(classes.with_complement()).items():
        result[name] = np.empty(len(offsets) - 1, per_box.dtype)
        largest(per_box, offsets, result[name])
    return result


def confidences(detections: Detections) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """(B,) scores and (B,) labels of the boxes: as given, else by the likeliest class, the first among equals."""
    classes, scores, labels = detections.classes, detections.scores, detections.labels
    if scores is None or labels is None:
        peak, place = np.empty(len(classes), classes.values.dtype), np.empty(len(classes), np.int64)
        peaks(classes.values, classes.offsets, peak, place)
        scores = detections.objects.values * peak if scores is None else scores
        labels = place if labels is None else labels
    return scores, labels


def detection_scores(detections: Detections, penalty: float) -> dict[str, NDArray[Any]]:
    """All scores of N images by name, except that ``FREQUENCY`` is still a count (``finish``)."""
    offsets, classes = detections.objects.offsets, detections.classes
    scores, labels = confidences(detections)
    return {
        FREQUENCY: object_counts(labels, offsets, classes.values.dtype.type(penalty)),
        OBJECTNESS: objectness_least_confidence(scores, offsets),
        **box_uncertainties(classes, offsets),
    }

"""A detector against labelled boxes: average precision as COCO defines it.

All areas, at most 100 predictions of a class in an image, precision interpolated at 101 recalls. No label is crowd.
The values are those of `pycocotools` for the same boxes; of samples with equal scores the first by name comes first.

References:
    Lin et al. Microsoft COCO: Common Objects in Context. ECCV 2014; https://cocodataset.org/#detection-eval
"""

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from lightly_ray.data.predictions import detection
from lightly_ray.errors import InvalidInputError
from lightly_ray.evaluation.join import Joined
from lightly_ray.evaluation.matching import match
from lightly_ray.evaluation.result import ClassResult, Evaluation
from lightly_ray.methods import LABEL_ERROR, PREDICTION_ERROR
from lightly_ray.scores.detection import confidences

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
MOST_BOXES = 100  # of one class in one image, the best by score
_RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """B boxes, sorted by class, then by sample.

    Attributes:
        corners: (B, 4).
        samples: (B,) rows of the samples.
        classes: (B,).
        scores: (B,), 1 for labels.
    """

    corners: NDArray[np.float64]
    samples: NDArray[np.int64]
    classes: NDArray[np.int64]
    scores: NDArray[np.float64]


def evaluate(joined: Joined) -> Evaluation:
    """Average precision of each class and its means, and the scores of each sample (`sample_scores`).

    Raises:
        InvalidInputError: the predictions have no boxes.
    """
    found, true = _predicted(joined), _labelled(joined)
    found = _best(found)
    matched = _matched(found, true, len(joined.filenames))
    classes = _class_results(found, true, matched, joined.classes)
    labelled = [one for one in classes if one.support]
    return Evaluation(
        task="detection",
        classes=classes,
        counts=joined.counts,
        metrics={
            "average_precision": _mean([one.average_precision for one in labelled]),
            "average_precision_50": _mean([one.average_precision_50 for one in labelled]),
        },
        filenames=joined.filenames,
        scores=sample_scores(found, true, matched[:, 0], len(joined.filenames)),
    )


def sample_scores(
    found: Boxes, true: Boxes, matched: NDArray[np.bool_], samples: int
) -> dict[str, NDArray[np.float64]]:
    """How badly each sample went, and how likely it lacks a label.

        prediction_error = 1 - h / (g + m)     0 where nothing is labelled nor predicted
        label_error      = the largest score of a prediction that no label matches, 0 of none

    with g labelled boxes, h the sum of the scores of predictions that match one at IoU 0.5, and m that of the others:
    the Jaccard index of predictions and labels, each prediction counting by its score.

    Args:
        found: predictions.
        true: labels.
        matched: (B,) whether a prediction matches at IoU 0.5.
        samples: n.

    References:
        The second is the "overlooked" of ObjectLab (Tkachenko, Thyagarajan, Mueller. ICML 2023 workshop), without its
        similarities: a box that is found with another class, or far beside its label, counts as overlooked too.
    """
    hits = np.bincount(found.samples[matched], found.scores[matched], samples)
    misses = np.bincount(found.samples[~matched], found.scores[~matched], samples)
    whole = np.bincount(true.samples, minlength=samples) + misses
    error = 1 - np.divide(hits, whole, out=np.ones(samples), where=whole > 0)
    overlooked = np.zeros(samples)
    np.maximum.at(overlooked, found.samples[~matched], found.scores[~matched])
    return {PREDICTION_ERROR: np.clip(error, 0, 1), LABEL_ERROR: overlooked}


def average_precisions(scores: NDArray[np.float64], matched: NDArray[np.bool_], support: int) -> NDArray[np.float64]:
    """Average precision of one class at each threshold: the mean over 101 recalls of the best precision from there on.

    Args:
        scores: (B,) of its predictions, by sample.
        matched: (B, T) whether each has a label at each threshold.
        support: how many labels there are, 1 or more.

    Returns:
        (T,) in [0, 1].
    """
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(matched[order], axis=0)
    recall = hits / support
    precision = hits / np.arange(1, len(order) + 1)[:, None]
    best = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    padded = np.vstack([best, np.zeros((1, matched.shape[1]))])  # a recall that is never reached
    places = [np.searchsorted(recall[:, level], _RECALLS, side="left") for level in range(matched.shape[1])]
    return np.array([padded[place, level].mean() for level, place in enumerate(places)])


def _class_results(
    found: Boxes, true: Boxes, matched: NDArray[np.bool_], names: tuple[str, ...]
) -> tuple[ClassResult, ...]:
    ends = np.searchsorted(found.classes, np.arange(len(names) + 1))
    support = np.bincount(true.classes, minlength=len(names))
    results = []
    for k, name in enumerate(names):
        here = slice(ends[k], ends[k + 1])
        values = np.full(len(IOU_THRESHOLDS), np.nan)
        if support[k]:
            values = average_precisions(found.scores[here], matched[here], int(support[k]))
        predicted = int(ends[k + 1] - ends[k])
        average, at_50 = float(values.mean()), float(values[0])
        results.append(
            ClassResult(name, int(support[k]), predicted, average_precision=average, average_precision_50=at_50)
        )
    return tuple(results)


def _matched(found: Boxes, true: Boxes, samples: int) -> NDArray[np.bool_]:
    of_found, of_true = found.classes * samples + found.samples, true.classes * samples + true.samples
    groups, starts = np.unique(of_found, return_index=True)
    ranges = np.column_stack([np.searchsorted(of_true, groups, side) for side in ("left", "right")]).astype(np.int64)
    offsets = np.append(starts, len(of_found)).astype(np.int64)
    matched: NDArray[np.bool_] = match(found.corners, offsets, true.corners, ranges, IOU_THRESHOLDS)
    return matched


def _best(found: Boxes) -> Boxes:
    """The best predictions of each class in each image."""
    order = np.lexsort((-found.scores, found.samples, found.classes))
    samples, classes = found.samples[order], found.classes[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(samples) != 0) | (np.diff(classes) != 0)
    first = np.flatnonzero(new)
    rank = np.arange(len(order)) - first[np.cumsum(new) - 1] if len(order) else np.zeros(0, np.int64)
    order = order[rank < MOST_BOXES]
    return Boxes(found.corners[order], found.samples[order], found.classes[order], found.scores[order])


def _labelled(joined: Joined) -> Boxes:
    rows, classes, annotations = joined.annotations()
    corners = pc.list_flatten(pc.struct_field(annotations, "box")).to_numpy(zero_copy_only=False).reshape(-1, 4)
    order = np.lexsort((rows, classes))
    return Boxes(corners[order], rows[order], classes[order], np.ones(len(order)))


def _predicted(joined: Joined) -> Boxes:
    if detection.BOXES not in joined.predictions.table.column_names:
        raise InvalidInputError(
            "these predictions say how sure the model is of its boxes, and not where they are: an evaluation needs the "
            f"column {detection.BOXES!r}, x0, y0, x1, y1 relative to the width and height of the image"
        )
    corners, counts, scores, labels = [], [], [], []
    for batch in joined.predictions.table.to_batches():
        boxes = detection.read(batch)
        of_boxes = confidences(boxes)
        corners.append(detection.read_boxes(batch))
        counts.append(boxes.objects.lengths)
        scores.append(of_boxes[0].astype(np.float64))
        labels.append(of_boxes[1])
    lengths = np.concatenate(counts)
    samples = np.repeat(np.arange(len(lengths)), lengths)
    return Boxes(np.concatenate(corners), samples, np.concatenate(labels), np.concatenate(scores))


def _mean(values: list[float | None]) -> float:
    numbers = [value for value in values if value is not None]
    return float(np.mean(numbers)) if numbers else float("nan")

"""Predictions of a detector as an Arrow table, and as flat arrays over all boxes of all images.

Schema:
    filename: string
    object_probabilities: list<float>        per box: the probability that it holds an object at all
    class_probabilities: list<list<float>>   per box: a distribution over the classes
    scores: list<float>                      optional, per box: the confidence; else object probability
                                             times the largest class probability
    labels: list<int64>                      optional, per box: the class; else the likeliest
    boxes: list<list<float>>                 optional, per box: x0, y0, x1, y1 relative to width and height

or, from models that give no more, scores and labels alone. Distributions are then made up as in
``ObjectDetectionOutput.from_scores``: the labelled class gets the score, and the others up to the largest
label of the image (at least 1) share the rest.

Where a box lies matters to no score, but to an evaluation and to whoever looks at it. An image without boxes has
empty lists.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray.data.predictions.checks import (
    Faults,
    PredictionFault,
    checked_distributions,
    checked_units,
    first_fault,
)
from lightly_ray.data.predictions.columns import column, elements, integers, lengths, missing, number_lists, numbers
from lightly_ray.data.predictions.ragged import Ragged, fold

COLUMNS = ("object_probabilities", "class_probabilities")
OPTIONAL = ("scores", "labels")
BOXES = "boxes"
# How far outside the image a predicted box may reach; farther off it is most likely given in pixels.
_LOWEST, _HIGHEST = -1.0, 2.0
MOST_CLASSES = 100_000  # made-up distributions get one number per class: a stray id must not fill the memory


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """B boxes of N images.

    Attributes:
        objects: N rows, the object probabilities of the boxes of each image; its offsets say which
            boxes belong to which image.
        classes: B rows, the class probabilities of each box as given.
        scores: (B,) confidences, or None.
        labels: (B,) int64, or None.
    """

    objects: Ragged
    classes: Ragged
    scores: NDArray[Any] | None
    labels: NDArray[np.int64] | None


def read(batch: pa.RecordBatch) -> Detections:
    """The boxes of a batch without ``structure_faults``."""
    columns = _columns(batch)
    labels = integers(elements(column(batch, "labels"), "labels"), "labels") if "labels" in columns else None
    if "class_probabilities" not in columns:
        box_scores = number_lists(column(batch, "scores"), "scores")
        labels = np.empty(0, np.int64) if labels is None else labels
        return Detections(box_scores, made_up(box_scores, labels), box_scores.values, labels)
    classes = number_lists(elements(column(batch, "class_probabilities"), "class_probabilities"), "class_probabilities")
    kind = classes.values.dtype
    objects = number_lists(column(batch, "object_probabilities"), "object_probabilities")
    scores = (
        numbers(elements(column(batch, "scores"), "scores"), "scores").astype(kind) if "scores" in columns else None
    )
    return Detections(Ragged(objects.values.astype(kind, copy=False), objects.offsets), classes, scores, labels)


def structure_faults(batch: pa.RecordBatch) -> Faults:
    """MISSING, LENGTHS or LABEL for each image with which ``read`` would mix up the boxes of others."""
    names = _columns(batch)
    boxes = [lengths(column(batch, name), name) for name in names]
    differing = np.any([one != boxes[0] for one in boxes[1:]], axis=0)
    faults = first_fault(missing(batch, names), differing * PredictionFault.LENGTHS)
    if "class_probabilities" not in names:
        labels = number_lists(column(batch, "labels"), "labels")
        unknown = ~((labels.values >= 0) & (labels.values < MOST_CLASSES))
        faults = first_fault(faults, fold(unknown * np.int8(PredictionFault.LABEL), labels.offsets))
    return faults


def box_faults(batch: pa.RecordBatch) -> Faults:
    """BOX or LENGTHS for each image of a batch whose boxes are no boxes, or not as many as its scores."""
    images = column(batch, BOXES)
    corners = number_lists(elements(images, BOXES), BOXES)
    counts = lengths(images, BOXES)
    others = lengths(column(batch, _columns(batch)[0]), BOXES)
    faults = (counts != others).astype(np.int8) * np.int8(PredictionFault.LENGTHS)
    bad = corners.lengths != 4
    if not bad.any():
        values = corners.values.reshape(-1, 4)
        # Written so that NaN is bad.
        inside = (values >= _LOWEST).all(axis=1) & (values <= _HIGHEST).all(axis=1)
        bad = ~(inside & (values[:, :2] <= values[:, 2:]).all(axis=1))
    offsets = Ragged.from_lengths(np.empty(0), counts).offsets
    return first_fault(faults, fold(bad * np.int8(PredictionFault.BOX), offsets))


def read_boxes(batch: pa.RecordBatch) -> NDArray[np.float64]:
    """(B, 4) x0, y0, x1, y1 of the boxes of a batch without `box_faults`.

    Raises:
        InvalidInputError: there is no column `boxes`.
    """
    corners = elements(elements(column(batch, BOXES), BOXES), BOXES)
    return np.asarray(numbers(corners, BOXES), dtype=np.float64).reshape(-1, 4)


def label_reason(batch: pa.RecordBatch, row: int) -> str:
    """What is wrong with the labels of an image that has the fault LABEL."""
    labels = number_lists(column(batch, "labels"), "labels").row(row)
    first = labels[~((labels >= 0) & (labels < MOST_CLASSES))][0]
    which = "without a class (null)" if np.isnan(first) else f"of class {int(first)}"
    return f"a box {which}; classes are numbered 0 to {MOST_CLASSES - 1}"


def made_up(scores: Ragged, labels: NDArray[np.int64]) -> Ragged:
    """Class probabilities from a confidence and a label per box.

        p_label = s,  p_other = (1 - s) / K,  K = max(1, largest label of the image)

    Args:
        scores: N rows of confidences, by image.
        labels: (B,) the class of each box, >= 0.

    Returns:
        B rows of K + 1 values.
    """
    others = np.ones(len(scores), np.int64)
    of_box = np.repeat(np.arange(len(scores)), scores.lengths)
    np.maximum.at(others, of_box, labels)
    per_box = others[of_box]
    rest = (1 - scores.values) / per_box.astype(scores.values.dtype)
    rows = Ragged.from_lengths(np.repeat(rest, per_box + 1), per_box + 1)
    rows.values[rows.offsets[:-1] + labels] = scores.values
    return rows


def checked(detections: Detections) -> tuple[Detections, Faults]:
    """The boxes with what float arithmetic left outside [0, 1] brought into it, and what is wrong with each image."""
    offsets, given = detections.objects.offsets, detections.classes
    two_sided = given.with_complement()
    classes, box_faults = checked_distributions(two_sided)
    if two_sided is not given:  # the boxes keep their single number
        classes, _ = checked_units(given)
    per_box = first_fault((classes.lengths == 0) * PredictionFault.CLASSES, box_faults)
    # Within an image each box has as many classes as the box before it.
    same_image = np.ones(len(classes) + 1, dtype=bool)
    same_image[offsets] = False
    changes = np.diff(classes.lengths, prepend=0) != 0
    per_box = first_fault(per_box, (changes & same_image[:-1]) * PredictionFault.CLASSES)
    objects, object_faults = checked_units(detections.objects)
    per_image = [fold(per_box, offsets), object_faults]
    scores = detections.scores
    if scores is not None:
        rows, score_faults = checked_units(Ragged(scores, offsets))
        scores = rows.values
        per_image.append(score_faults)
    return Detections(objects, classes, scores, detections.labels), first_fault(*per_image)


def _columns(batch: pa.RecordBatch) -> list[str]:
    # A column of type null: the reader made one schema for files some of which lack it.
    given = [name for name in batch.schema.names if not pa.types.is_null(batch.schema.field(name).type)]
    optional = [name for name in OPTIONAL if name in given]
    if len(optional) == len(OPTIONAL) and not set(COLUMNS) & set(given):
        return optional
    return [*COLUMNS, *optional]

"""Predictions of a detector as an Arrow table, and as flat arrays over all boxes of all images.

Schema:
    filename: string
    object_probabilities: list<float>        per box: the probability that it holds an object at all
    class_probabilities: list<list<float>>   per box: a distribution over the classes
    scores: list<float>                      optional, per box: the confidence; else object probability
                                             times the largest class probability
    labels: list<int64>                      optional, per box: the class; else the likeliest

Where a box lies matters to no score, so coordinates are not part of it. An image without boxes has
empty lists.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray.data.predictions.checks import Fault, Faults, distribution_faults, first_fault, unit_faults
from lightly_ray.data.predictions.columns import column, integers, lengths, missing, number_lists, numbers
from lightly_ray.data.predictions.rows import Rows, fold

COLUMNS = ("object_probabilities", "class_probabilities")
OPTIONAL = ("scores", "labels")


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

    objects: Rows
    classes: Rows
    scores: NDArray[Any] | None
    labels: NDArray[np.int64] | None


def read(batch: pa.RecordBatch) -> Detections:
    """The boxes of a batch whose lists have equal lengths (``structure_faults``)."""
    per_image = column(batch, "class_probabilities")
    classes = number_lists(per_image.flatten(), "class_probabilities")
    kind = classes.values.dtype
    objects = number_lists(column(batch, "object_probabilities"), "object_probabilities")
    given = [name for name in OPTIONAL if _given(batch, name)]
    scores = numbers(batch.column("scores").flatten(), "scores").astype(kind, copy=False) if "scores" in given else None
    labels = integers(batch.column("labels").flatten(), "labels") if "labels" in given else None
    return Detections(Rows(objects.values.astype(kind, copy=False), objects.offsets), classes, scores, labels)


def structure_faults(batch: pa.RecordBatch) -> Faults:
    """MISSING or LENGTHS for each image without which ``read`` would mix up the boxes of others."""
    names = [*COLUMNS, *(name for name in OPTIONAL if _given(batch, name))]
    boxes = [lengths(column(batch, name), name) for name in names]
    differing = np.any([one != boxes[0] for one in boxes[1:]], axis=0)
    return first_fault(missing(batch, names), differing * Fault.LENGTHS)


def value_faults(detections: Detections) -> Faults:
    """What is wrong with the numbers of each image."""
    offsets, classes = detections.objects.offsets, detections.classes
    per_box = first_fault((classes.lengths == 0) * Fault.CLASSES, distribution_faults(classes.with_complement()))
    # Within an image each box has as many classes as the box before it.
    same_image = np.ones(len(classes) + 1, dtype=bool)
    same_image[offsets] = False
    changes = np.diff(classes.lengths, prepend=0) != 0
    per_box = first_fault(per_box, (changes & same_image[:-1]) * Fault.CLASSES)
    per_image = [fold(per_box, offsets), unit_faults(detections.objects)]
    if detections.scores is not None:
        per_image.append(unit_faults(Rows(detections.scores, offsets)))
    return first_fault(*per_image)


def _given(batch: pa.RecordBatch, name: str) -> bool:
    # A column of type null: the reader made one schema for files some of which lack it.
    return name in batch.schema.names and not pa.types.is_null(batch.schema.field(name).type)

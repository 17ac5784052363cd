"""Predictions as they are stored and evaluated: one table of the task's schema, checked as a whole, and its classes."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray.data.labels.table import Task
from lightly_ray.data.predictions import classification, detection, keypoints, segmentation
from lightly_ray.data.predictions.checks import (
    Faults,
    PredictionFault,
    checked_distributions,
    first_fault,
    require_no_fault,
)
from lightly_ray.data.string_lookup import duplicates
from lightly_ray.errors import InvalidInputError

NAMES = "filename"


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model predicts of N samples.

    Attributes:
        task: of all of it.
        classes: C names; class k of the table is the k-th of them. None for segmentation and keypoints whose classes
            were not named.
        table: the schema of the task (`lightly_ray.data.predictions`) with distinct names in `filename`.
    """

    task: Task
    classes: tuple[str, ...]
    table: pa.Table

    @property
    def filenames(self) -> pa.LargeStringArray:
        """(N,) names."""
        return self.table[NAMES].cast(pa.large_string()).combine_chunks()

    def take(self, rows: NDArray[np.int64]) -> "Predictions":
        """Those of some samples, in that order."""
        return dataclasses.replace(self, table=self.table.take(pa.array(rows)))


def checked(task: Task, table: pa.Table, what: str, classes: Sequence[str] = ()) -> Predictions:
    """Predictions that hold what is promised of them.

    Args:
        task: whose schema applies.
        table: of that schema.
        what: the predictions, as errors name them.
        classes: names of the classes in the order of their numbers; none: the numbers are the names.

    Raises:
        InvalidInputError: a column is missing or of another type, a sample has no name or stands there twice, a
            prediction cannot be used (the first is named), there are other than ``classes`` many classes, or two of
            them have one name.
    """
    _require_names(table, what)
    batches = table.to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)]
    found = [_read(task, batch) for batch in batches]
    faults = np.concatenate([one.faults for one in found])
    counts = [one.classes for one in found if one.classes]
    if task == "classification" and counts:
        width = counts[0]
        widths = np.concatenate([one.widths for one in found])
        faults = first_fault(faults, (widths != width) * PredictionFault.CLASSES)
    require_no_fault(faults, table[NAMES], what)
    return Predictions(task, _names(task, max(counts, default=0), classes, what), table)


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """What is known of a batch: faults and (for classification) number of classes by sample, and of all of them."""

    faults: Faults
    classes: int
    widths: NDArray[np.int64]


def _read(task: Task, batch: pa.RecordBatch) -> _Read:
    none = np.zeros(0, np.int64)
    if task == "classification":
        rows, faults = classification.read(batch)
        return _Read(faults, classification.count_classes(rows), rows.lengths)
    if task == "detection":
        faults = detection.structure_faults(batch)
        # Those that would mix up the boxes of others are named before anything is made of the rest.
        require_no_fault(faults, batch.column(NAMES))
        boxes, faults = detection.checked(detection.read(batch))
        if detection.BOXES in batch.schema.names:
            faults = first_fault(faults, detection.box_faults(batch))
        labelled = 0 if boxes.labels is None else int(boxes.labels.max(initial=-1)) + 1
        width = 0 if "class_probabilities" not in batch.schema.names else int(boxes.classes.lengths.max(initial=0))
        return _Read(faults, max(labelled, width), none)
    if task == "keypoints":
        return _Read(keypoints.read(batch)[1], 0, none)
    return _segmentation(batch)


def _segmentation(batch: pa.RecordBatch) -> _Read:
    if segmentation.PATH in batch.schema.names:
        raise InvalidInputError("segmentation maps are needed themselves, not their paths: give `probabilities`")
    faults, most = np.zeros(batch.num_rows, np.int8), 0
    for row, found in enumerate(segmentation.maps(batch)):
        if isinstance(found, PredictionFault):
            faults[row] = found
            continue
        pixels = segmentation.pixels(found)
        most = max(most, int(pixels.lengths[0]))
        faults[row] = checked_distributions(pixels)[1].max()
    return _Read(faults, most, np.zeros(0, np.int64))


def _require_names(table: pa.Table, what: str) -> None:
    if NAMES not in table.column_names or not _is_text(table.schema.field(NAMES).type):
        raise InvalidInputError(f"{what} need a column {NAMES!r} of strings, got {', '.join(table.column_names)}")
    names = table[NAMES].cast(pa.large_string()).combine_chunks()
    if names.null_count:
        raise InvalidInputError(f"{what}: row {int(np.argmax(np.asarray(names.is_null())))} has no file name")
    twice = duplicates(names)
    if len(twice):
        raise InvalidInputError(f"{what}: {twice[0]['values'].as_py()!r} is there more than once")


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _names(task: Task, count: int, classes: Sequence[str], what: str) -> tuple[str, ...]:
    if not classes:
        return tuple(str(number) for number in range(count))
    if len(set(classes)) < len(classes):
        twice = next(name for name in classes if list(classes).count(name) > 1)
        raise InvalidInputError(f"{what}: two classes are called {twice!r}")
    if count > len(classes) or (task == "classification" and count not in (0, len(classes))):
        raise InvalidInputError(f"{what} are of {count} classes, and {len(classes)} names are given for them")
    return tuple(classes)

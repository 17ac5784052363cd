"""Stored predictions as labels with scores: what goes along with an export, for an annotator to correct."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray.data.labels.table import ANNOTATION, SCHEMA, Labels
from lightly_ray.data.predictions import classification, detection
from lightly_ray.data.predictions.table import Predictions
from lightly_ray.errors import InvalidInputError
from lightly_ray.scores.detection import confidences


def as_labels(found: Predictions) -> Labels:
    """The likeliest class of each image, or its boxes, each with its score.

    Raises:
        InvalidInputError: they are of another task, or of detection without boxes.
    """
    if found.task not in ("classification", "detection"):
        raise InvalidInputError(
            f"predictions of {found.task} do not go along with an export: those of classification and detection do"
        )
    batch = pa.RecordBatch.from_struct_array(found.table.to_struct_array().combine_chunks())
    if found.task == "classification":
        rows = classification.read(batch)[0]
        probabilities = rows.values.reshape(len(rows), -1)
        codes, scores = probabilities.argmax(axis=1), probabilities.max(axis=1)
        offsets, boxes = np.arange(len(rows) + 1), None
    else:
        detections = detection.read(batch)
        scores, codes = confidences(detections)
        offsets, boxes = detections.objects.offsets, detection.read_boxes(batch)
    annotations = _annotations(np.array(found.classes, dtype=object)[codes], scores, boxes)
    table = {
        "sample_id": pa.nulls(len(found.table), pa.string()),
        "filename": found.filenames.cast(pa.string()),
        "cannot_be_labelled": pa.repeat(False, len(found.table)),
        "annotations": pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), annotations),
    }
    return Labels(found.task, found.classes, pa.table(table, SCHEMA))


def _annotations(
    classes: NDArray[np.object_], scores: NDArray[np.floating], boxes: NDArray[np.float64] | None
) -> pa.StructArray:
    known = {"class": pa.array(classes, pa.string()), "score": pa.array(scores, pa.float64())}
    if boxes is not None:
        known["box"] = pa.FixedSizeListArray.from_arrays(pa.array(boxes.ravel()), 4)
    arrays = [known[field.name] if field.name in known else pa.nulls(len(classes), field.type) for field in ANNOTATION]
    return pa.StructArray.from_arrays(arrays, fields=list(ANNOTATION))

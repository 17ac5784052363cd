"""Labels and predictions as tables, from what a test writes down."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from lightly_ray.data.labels.table import SCHEMA, Labels
from lightly_ray.data.labels.table import checked as checked_labels
from lightly_ray.data.predictions.table import Predictions
from lightly_ray.data.predictions.table import checked as checked_predictions


def classified(labels: Mapping[str, Sequence[str]], skipped: Sequence[str] = ()) -> Labels:
    """Classes by file name."""
    rows: list[dict[str, Any]] = [
        {"filename": name, "annotations": [{"class": one} for one in of]} for name, of in labels.items()
    ]
    rows += [{"filename": name, "cannot_be_labelled": True, "annotations": []} for name in skipped]
    return checked_labels("classification", pa.Table.from_pylist(rows, SCHEMA), "labels")


def boxed(labels: Mapping[str, Sequence[tuple[str, Sequence[float]]]]) -> Labels:
    """Classes and boxes by file name."""
    rows = [
        {"filename": name, "annotations": [{"class": one, "box": list(box)} for one, box in of]}
        for name, of in labels.items()
    ]
    return checked_labels("detection", pa.Table.from_pylist(rows, SCHEMA), "labels")


def distributions(probabilities: Mapping[str, Sequence[float]], classes: Sequence[str] = ()) -> Predictions:
    """Class probabilities by file name."""
    table = pa.table({"filename": list(probabilities), "probabilities": [list(row) for row in probabilities.values()]})
    return checked_predictions("classification", table, "predictions", classes)


def detected(
    boxes: Mapping[str, Sequence[tuple[int, float, Sequence[float]]]], classes: Sequence[str] = ()
) -> Predictions:
    """Label, score and box by file name."""
    columns: dict[str, Any] = {
        "filename": pa.array(boxes, pa.string()),
        "labels": pa.array([[one[0] for one in of] for of in boxes.values()], pa.list_(pa.int64())),
        "scores": pa.array([[one[1] for one in of] for of in boxes.values()], pa.list_(pa.float64())),
        "boxes": pa.array([[list(one[2]) for one in of] for of in boxes.values()], pa.list_(pa.list_(pa.float64()))),
    }
    return checked_predictions("detection", pa.table(columns), "predictions", classes)

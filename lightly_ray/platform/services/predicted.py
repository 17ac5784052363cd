"""What is predicted of one sample, as the web app shows it: of the predictions that were stored last."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from lightly_ray.data.predictions import classification, detection
from lightly_ray.data.predictions.table import Predictions
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services import stored_predictions
from lightly_ray.platform.storage.store import predictions
from lightly_ray.scores.detection import confidences

_LIKELIEST = 3  # classes of a classification
_MOST = 100  # boxes, as an evaluation looks at


@dataclass(frozen=True, slots=True)
class Object:
    """A box, or in a classification a class.

    Attributes:
        label: name of the class.
        code: its number.
        score: in [0, 1].
        box: x0, y0, x1, y1 relative to width and height; None where there is none.
    """

    label: str
    code: int
    score: float
    box: list[float] | None


@dataclass(frozen=True, slots=True)
class Predicted:
    """What is predicted of a sample.

    Attributes:
        name, version: of the predictions.
        objects: the likeliest first.
    """

    name: str
    version: int
    objects: list[Object]


def predicted_of(platform: Platform, dataset_id: str, file_name: str) -> Predicted | None:
    """What is predicted of a sample; None where nothing is, or of a task that is not shown."""
    with platform.database.read() as db:
        listed = predictions.listing(db, dataset_id)
    if not listed or listed[-1].task not in ("classification", "detection"):
        return None
    newest = listed[-1]
    found = stored_predictions.load(platform.blobs, newest.file_key, only=file_name)
    if not len(found.table):
        return None
    (batch,) = found.table.combine_chunks().to_batches()
    objects = _classes(found, batch) if found.task == "classification" else _boxes(found, batch)
    return Predicted(newest.name, newest.version, objects)


def _classes(found: Predictions, batch: pa.RecordBatch) -> list[Object]:
    values = classification.read(batch)[0].values
    order = np.argsort(-values, kind="stable")[:_LIKELIEST].tolist()
    return [Object(found.classes[code], code, float(values[code]), None) for code in order]


def _boxes(found: Predictions, batch: pa.RecordBatch) -> list[Object]:
    scores, codes = confidences(detection.read(batch))
    corners = detection.read_boxes(batch).tolist() if detection.BOXES in batch.schema.names else [None] * len(scores)
    order = np.argsort(-scores, kind="stable")[:_MOST].tolist()
    return [Object(found.classes[codes[at]], int(codes[at]), float(scores[at]), corners[at]) for at in order]

"""How fast predictions are measured against labels: ``python tests/benchmarks/evaluation_speed.py [NAME] ...``.

classification   1,000,000 labels, distributions over 10 classes
detection        100,000 images, 1,000,000 labelled boxes and 1,500,000 predicted ones of 80 classes

Tables are made before the clock starts; the join by name is measured too. One line of JSON each, seconds.
"""

import json
import sys
import time
from typing import Any

import numpy as np
import pyarrow as pa

from lightly_ray.data.labels.table import ANNOTATION, SCHEMA, Labels
from lightly_ray.data.predictions.table import Predictions
from lightly_ray.data.vectors import fixed_lists
from lightly_ray.evaluation import evaluate

LABELS, IMAGES, BOXES, FOUND, CLASSES = 1_000_000, 100_000, 10, 15, 80


def main() -> None:
    """Run the named parts, or all."""
    parts = {"classification": classification, "detection": detection}
    for name in sys.argv[1:] or parts:
        labels, predictions = parts[name]()
        started = time.perf_counter()
        result = evaluate(labels, predictions)
        seconds = round(time.perf_counter() - started, 2)
        sys.stdout.write(json.dumps({"benchmark": name, "seconds": seconds, "metrics": result.metrics}) + "\n")


def classification() -> tuple[Labels, Predictions]:
    """Labels of which four in five are the likeliest class."""
    rng = np.random.default_rng(0)
    rows = rng.dirichlet(np.full(10, 0.3), LABELS).astype(np.float32)
    classes = np.where(rng.random(LABELS) < 0.8, rows.argmax(axis=1), rng.integers(0, 10, LABELS))
    names = [str(number) for number in range(10)]
    labels = _labels("classification", classes.astype(str), np.ones(LABELS, np.int64), None)
    order = rng.permutation(LABELS)
    table = pa.table({"filename": _names(LABELS).take(pa.array(order)), "probabilities": fixed_lists(rows[order])})
    return labels, Predictions("classification", tuple(names), table)


def detection() -> tuple[Labels, Predictions]:
    """Of every labelled box one beside it is predicted, and half as many elsewhere."""
    rng = np.random.default_rng(0)
    corner = rng.random((IMAGES, BOXES, 2)) * 0.8
    boxes = np.concatenate([corner, corner + 0.05 + 0.15 * rng.random((IMAGES, BOXES, 2))], axis=2)
    codes = rng.integers(0, CLASSES, (IMAGES, BOXES))
    labels = _labels("detection", codes.reshape(-1).astype(str), np.full(IMAGES, BOXES), boxes.reshape(-1, 4))
    near = boxes + rng.normal(scale=0.01, size=boxes.shape)
    others = rng.permuted(boxes[:, : FOUND - BOXES], axis=1)
    found = np.sort(np.concatenate([near, others], axis=1).reshape(IMAGES, FOUND, 2, 2), axis=2).reshape(-1, 4)
    found_codes = np.concatenate([codes, rng.integers(0, CLASSES, (IMAGES, FOUND - BOXES))], axis=1)
    offsets = np.arange(IMAGES + 1, dtype=np.int32) * FOUND
    columns = {
        "filename": _names(IMAGES),
        "scores": pa.ListArray.from_arrays(offsets, rng.random(IMAGES * FOUND)),
        "labels": pa.ListArray.from_arrays(offsets, found_codes.reshape(-1)),
        "boxes": pa.ListArray.from_arrays(offsets, fixed_lists(found)),
    }
    return labels, Predictions("detection", tuple(str(number) for number in range(CLASSES)), pa.table(columns))


def _labels(task: Any, classes: Any, counts: Any, boxes: Any) -> Labels:
    total = len(classes)
    fields = [pa.nulls(total, field.type) for field in ANNOTATION]
    fields[0] = pa.array(classes, pa.string())
    if boxes is not None:
        fields[1] = fixed_lists(boxes).cast(ANNOTATION.field("box").type)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    annotations = pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(fields, fields=list(ANNOTATION)))
    count = len(counts)
    columns = [pa.nulls(count, pa.string()), _names(count), pa.array(np.zeros(count, bool)), annotations]
    return Labels(task, tuple(sorted(set(classes.tolist()))), pa.table(columns, schema=SCHEMA))


def _names(count: int) -> pa.Array:
    return pa.array([f"folder/{number:08}.jpg" for number in range(count)], pa.string())


if __name__ == "__main__":
    main()

"""Average precision against pycocotools; worst samples and missing labels by hand."""

import contextlib
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from lightly_ray.errors import InvalidInputError
from lightly_ray.evaluation import evaluate
from tests.evaluation.tables import boxed, detected, distributions

CLASSES = ("car", "dog", "bus")
Found = dict[str, list[tuple[int, float, list[float]]]]
True_ = dict[str, list[tuple[str, list[float]]]]


def reference(labels: True_, found: Found) -> dict[str, Any]:
    """What pycocotools says: AP, AP50, and AP of each class, -1 of a class without labels."""
    names = sorted(labels)
    annotations: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for image, name in enumerate(names, start=1):
        for label, (x0, y0, x1, y1) in labels[name]:
            place = {"bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0), "iscrowd": 0}
            category = CLASSES.index(label) + 1
            annotations.append({"id": len(annotations) + 1, "image_id": image, "category_id": category, **place})
        for one, score, (x0, y0, x1, y1) in found[name]:
            bbox = [x0, y0, x1 - x0, y1 - y0]
            results.append({"image_id": image, "category_id": one + 1, "bbox": bbox, "score": score})
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": image} for image in range(1, len(names) + 1)],
            "annotations": annotations,
            "categories": [{"id": number, "name": name} for number, name in enumerate(CLASSES, start=1)],
            "info": {},
        }
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, 2]  # thresholds, recalls, classes; all areas, 100 boxes
    known = precision[:, :, (precision > -1).all(axis=(0, 1))]
    return {
        "average_precision": known.mean(),
        "average_precision_50": known[0].mean(),
        "classes": precision.mean(axis=(0, 1)),
        "classes_50": precision[0].mean(axis=0),
    }


def drawn(seed: int, images: int, most: int, grid: int) -> tuple[True_, Found]:
    """Random labels on a grid, so that overlaps and scores tie; some are found, some beside their place, some not."""
    rng = np.random.default_rng(seed)
    labels: True_ = {}
    found: Found = {}

    def box() -> list[float]:
        x0, y0 = rng.integers(0, grid - 2, 2)
        width, height = rng.integers(1, grid // 2, 2)
        corners = np.array([x0, y0, min(x0 + width, grid), min(y0 + height, grid)]) / grid
        return [float(one) for one in corners]

    for number in range(images):
        name = f"image {number:03}.jpg"
        labels[name] = [(str(rng.choice(CLASSES[:2])), box()) for _ in range(rng.integers(0, most))]
        guesses = [
            (int(rng.integers(0, 3)), round(float(rng.random()), 1), box()) for _ in range(rng.integers(0, most))
        ]
        for one, corners in labels[name]:
            if rng.random() < 0.7:
                shift = rng.integers(-1, 2, 2) / grid
                near = np.clip(np.array(corners) + np.append(shift, [0, 0]), 0, None)
                if (near[:2] < near[2:]).all():
                    guesses.append((CLASSES.index(one), round(float(rng.random()), 1), near.tolist()))
        found[name] = guesses
    return labels, found


@pytest.mark.parametrize(("images", "most", "grid"), [(40, 6, 16), (3, 160, 64), (25, 3, 4)])
def test_average_precision__is_that_of_pycocotools(images: int, most: int, grid: int) -> None:
    labels, found = drawn(images, images, most, grid)
    # Neither the order of rows nor that of the labels' classes matters: both are joined by name.
    shuffled = dict(reversed(labels.items()))
    result, expected = evaluate(boxed(shuffled), detected(found, CLASSES)), reference(labels, found)
    for name, value in result.metrics.items():
        assert value == pytest.approx(expected[name], abs=1e-12)
        assert 0 < value < 1
    for number, one in enumerate(result.classes):
        assert one.name == CLASSES[number]
        wanted = [expected["classes"][number], expected["classes_50"][number]]
        if not one.support:
            assert wanted == [-1, -1]
            wanted = [np.nan, np.nan]
        assert [one.average_precision, one.average_precision_50] == pytest.approx(wanted, abs=1e-12, nan_ok=True)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), images=st.integers(1, 5))
def test_average_precision__is_that_of_pycocotools_for_few_boxes(seed: int, images: int) -> None:
    labels, found = drawn(seed, images, 4, 4)
    if not any(one[0] == "car" for of in labels.values() for one in of) or not any(found.values()):
        return
    result, expected = evaluate(boxed(labels), detected(found, CLASSES)), reference(labels, found)
    assert result.metrics["average_precision"] == pytest.approx(expected["average_precision"], abs=1e-12)
    assert result.metrics["average_precision_50"] == pytest.approx(expected["average_precision_50"], abs=1e-12)


def test_scores__by_hand() -> None:
    labels = boxed(
        {
            "both": [("car", [0, 0, 0.5, 0.5]), ("dog", [0.5, 0.5, 1, 1])],
            "empty": [],
            "missed": [("dog", [0, 0, 0.25, 0.75])],
            "overlooked": [],
        }
    )
    found = detected(
        {
            "both": [(0, 0.75, [0, 0, 0.5, 0.5]), (0, 0.5, [0.5, 0.5, 1, 1])],  # the dog is taken for a car
            "overlooked": [(1, 0.875, [0, 0, 1, 1]), (1, 0.25, [0, 0, 0.125, 1])],
            "missed": [],
            "empty": [],
        },
        ("car", "dog"),
    )
    result = evaluate(labels, found)
    assert result.filenames.to_pylist() == ["both", "empty", "missed", "overlooked"]
    assert result.scores["prediction_error"].tolist() == [1 - 0.75 / 2.5, 0, 1, 1]
    assert result.scores["label_error"].tolist() == [0.5, 0, 0, 0.875]
    assert result.likely_label_errors == 2
    assert [(one.support, one.predicted) for one in result.classes] == [(1, 2), (2, 2)]
    assert result.worst("label_error") == [("overlooked", 0.875), ("both", 0.5)]


def test_class_that_the_model_does_not_know__counts_as_never_found() -> None:
    box = [0.0, 0.0, 0.5, 0.25]
    result = evaluate(boxed({"a": [("car", box), ("tram", box)]}), detected({"a": [(0, 1.0, box)]}, ["car"]))
    assert result.metrics["average_precision"] == 0.5
    assert result.to_json()["classes"][1] == {
        "name": "tram",
        "support": 1,
        "predicted": 0,
        "precision": None,
        "recall": None,
        "f1": None,
        "average_precision": 0.0,
        "average_precision_50": 0.0,
    }


def test_predictions_without_boxes__are_refused() -> None:
    found = detected({"a": [(0, 1.0, [0, 0, 1, 1])]}, ["car"])
    bare = type(found)("detection", found.classes, found.table.drop_columns("boxes"))
    with pytest.raises(InvalidInputError, match="not where they are"):
        evaluate(boxed({"a": [("car", [0, 0, 1, 1])]}), bare)


def test_other_task__is_refused() -> None:
    with pytest.raises(InvalidInputError, match="labels are of detection, the predictions of classification"):
        evaluate(boxed({"a": []}), distributions({"a": [0.5, 0.5]}))

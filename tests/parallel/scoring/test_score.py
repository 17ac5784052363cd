"""Scores on Ray Data: the bits of the classes, wherever the predictions lie and however they are cut."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import ray
import ray.data
from numpy.typing import NDArray
from ray.exceptions import RayTaskError

import lightly_ray
from lightly_ray.active_learning.agents import ActiveLearningAgent
from lightly_ray.active_learning.scorers import (
    ScorerClassification,
    ScorerKeypointDetection,
    ScorerObjectDetection,
    ScorerSemanticSegmentation,
)
from lightly_ray.active_learning.utils import BoundingBox, ObjectDetectionOutput
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.errors import InvalidInputError, NotFoundError
from lightly_ray.parallel.errors import plain_errors
from lightly_ray.parallel.scoring.score import score
from lightly_ray.scores import align_scores
from lightly_ray.scores.tasks import Task
from tests.conftest import in_full

pytestmark = pytest.mark.usefixtures("ray_local")

RANDOM = np.random.default_rng(11)
NAMES = [f"{number:03}.jpg" for number in range(61)]
Scores = dict[str, NDArray[Any]]


def _probabilities(*shape: int, dtype: Any = np.float64) -> NDArray[Any]:
    values = RANDOM.random(shape).astype(dtype)
    return np.asarray(values / values.sum(axis=-1, keepdims=True), dtype)


def _gather(dataset: ray.data.Dataset, id_column: str = "filename") -> pa.Table:
    blocks: Any = dataset.iter_batches(batch_format="pyarrow", batch_size=None)
    return pa.concat_tables(blocks).sort_by(id_column)


def _require_equal(dataset: ray.data.Dataset, expected: Scores, names: list[str]) -> None:
    """The same bits and dtypes, joined by name."""
    table = _gather(dataset)
    assert table.column_names == ["filename", *expected]
    order = np.argsort(names)
    assert table["filename"].to_pylist() == [names[row] for row in order]
    for name, scores in expected.items():
        np.testing.assert_array_equal(table[name].to_numpy(), scores[order], strict=True)


def _detections() -> pa.Table:
    counts = RANDOM.integers(0, 4, len(NAMES))
    return pa.table(
        {
            "filename": NAMES,
            "object_probabilities": [RANDOM.random(count).tolist() for count in counts],
            "class_probabilities": [_probabilities(count, 5).tolist() for count in counts],
        }
    )


def _keypoints() -> pa.Table:
    counts = RANDOM.integers(0, 3, len(NAMES))
    return pa.table({"filename": NAMES, "keypoints": [RANDOM.random((count, 6)).tolist() for count in counts]})


@pytest.mark.full
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_score__classification_from_every_source(dtype: Any, tmp_path: Path) -> None:
    values = _probabilities(len(NAMES), 7, dtype=dtype)
    expected = ScorerClassification(values).calculate_scores()
    lists = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), 7)
    table = pa.table({"filename": NAMES, "probabilities": lists, "other": NAMES})
    pq.write_table(table.slice(0, 40), tmp_path / "a.parquet", row_group_size=9)
    pq.write_table(table.slice(40), tmp_path / "b.parquet", row_group_size=9)
    np.save(tmp_path / "values.npy", values)
    (tmp_path / "names.txt").write_text("\n".join(NAMES))
    rows = ray.data.range(len(NAMES)).map_batches(
        lambda batch: {"filename": np.array(NAMES)[batch["id"]], "probabilities": values[batch["id"]]}
    )
    for dataset in (
        score(ray.data.from_arrow(table).repartition(5), task="classification"),
        score(rows, task="classification"),  # a tensor column
        score(str(tmp_path), task="classification"),
        score(tmp_path / "values.npy", task="classification", images=tmp_path / "names.txt"),
    ):
        _require_equal(dataset, expected, NAMES)
    made = ScorerClassification.from_dataset(rows)
    assert made.filenames is not None
    found = align_scores(made.calculate_scores(), made.filenames, NAMES)
    for name, scores in expected.items():
        np.testing.assert_array_equal(found[name], scores, strict=True)


@pytest.mark.full
def test_score__detection_does_not_depend_on_the_blocks() -> None:
    table = _detections()
    expected = ScorerObjectDetection(table, {"min_score": 0.5}).calculate_scores()
    for parts in (1, 7):
        dataset = ray.data.from_arrow(table).repartition(parts)
        _require_equal(score(dataset, task="detection", config={"min_score": 0.5}), expected, NAMES)


@pytest.mark.full
def test_score__detection_from_arrays_of_different_lengths() -> None:
    objects = [RANDOM.random(count) for count in RANDOM.integers(1, 5, len(NAMES))]
    classes = [_probabilities(len(one), 5) for one in objects]
    rows = [
        {"filename": name, "object_probabilities": one, "class_probabilities": two}
        for name, one, two in zip(NAMES, objects, classes, strict=True)
    ]
    table = pa.table(
        {name: [list(map(list, row[name])) if name[0] == "c" else row[name] for row in rows] for name in rows[0]}
    )
    expected = ScorerObjectDetection(table).calculate_scores()
    _require_equal(score(ray.data.from_items(rows), task="detection"), expected, NAMES)


def test_score__is_what_an_agent_takes(uploaded: ApiWorkflowClient) -> None:
    names = uploaded.get_filenames()
    table = pa.table({"filename": names[::-1], "probabilities": _probabilities(len(names), 3).tolist()})
    expected = ScorerClassification(table["probabilities"].to_pylist()[::-1]).calculate_scores()
    agent = ActiveLearningAgent(uploaded)
    agent.upload_scores(score(ray.data.from_arrow(table).repartition(3), task="classification"))
    tag = uploaded.get_tag_by_name("initial-tag").id
    for name, scores in expected.items():
        assert uploaded.get_scores(tag, name) == scores.tolist()


@pytest.mark.full
def test_score__what_an_agent_says_of_bad_predictions(uploaded: ApiWorkflowClient) -> None:
    names = uploaded.get_filenames()
    rows = _probabilities(len(names), 3).tolist()
    rows[4] = [1.0, 1.0, 1.0]
    table = ray.data.from_arrow(pa.table({"image": names, "probabilities": rows}))
    agent = ActiveLearningAgent(uploaded)
    with pytest.raises(InvalidInputError, match=f"first: '{names[4]}' has class probabilities whose sum"):
        agent.upload_scores(score(table, task="classification", id_column="image"))
    with pytest.raises(InvalidInputError, match=f"not among the predictions, first: '{names[4]}'"):
        agent.upload_scores(score(table, task="classification", id_column="image", on_error="skip"))


def test_score__detection_from_result_files(tmp_path: Path) -> None:
    boxes = [(int(row), int(RANDOM.integers(0, 5)), float(RANDOM.random())) for row in RANDOM.integers(0, 30, 90)]
    by_image = {name: [box for box in boxes if box[0] == row] for row, name in enumerate(NAMES)}
    expected = ScorerObjectDetection(
        [
            ObjectDetectionOutput.from_scores(
                [BoundingBox(0, 0, 1, 1)] * len(one), [box[2] for box in one], [box[1] for box in one]
            )
            for one in by_image.values()
        ]
    ).calculate_scores()
    (tmp_path / "boxes.json").write_text(
        json.dumps([{"image_id": row, "category_id": label, "score": value} for row, label, value in boxes])
    )
    images = {"images": [{"id": row, "file_name": name} for row, name in enumerate(NAMES)]}
    (tmp_path / "images.json").write_text(json.dumps(images))
    _require_equal(score(tmp_path / "boxes.json", task="detection", images=tmp_path / "images.json"), expected, NAMES)
    (tmp_path / "texts").mkdir()
    for name, one in by_image.items():
        lines = [f"{label} 0.5 0.5 0.1 0.1 {value!r}\n" for _, label, value in one]
        (tmp_path / "texts" / f"{name}.txt").write_text("".join(lines))
    _require_equal(score(tmp_path / "texts", task="detection"), expected, NAMES)


def test_score__segmentation_of_different_sizes(tmp_path: Path) -> None:
    maps = {name: _probabilities(int(RANDOM.integers(1, 6)), 4, 3) for name in NAMES[:40]}
    expected = ScorerSemanticSegmentation(maps).calculate_scores()
    for name, one in maps.items():
        np.save(tmp_path / f"{name}.npy", one)
    _require_equal(score(tmp_path, task="segmentation"), expected, list(maps))
    tensors = ray.data.from_items([{"filename": name, "probabilities": one} for name, one in maps.items()])
    _require_equal(score(tensors, task="segmentation"), expected, list(maps))
    _require_equal(
        score(tensors, task="segmentation"), ScorerSemanticSegmentation.from_dataset(tensors).calculate_scores(),
        list(maps),
    )  # fmt: skip


def test_score__keypoints() -> None:
    table = _keypoints()
    expected = ScorerKeypointDetection(table).calculate_scores()
    _require_equal(score(ray.data.from_arrow(table).repartition(3), task="keypoints"), expected, NAMES)


@pytest.mark.full
def test_score__columns_of_other_names() -> None:
    table = pa.table({"image": NAMES, "softmax": _probabilities(len(NAMES), 3).tolist(), "probabilities": NAMES})
    dataset = score(ray.data.from_arrow(table), task="classification", id_column="image", prediction_column="softmax")
    found = _gather(dataset, "image")
    assert found.column_names[:2] == ["image", "uncertainty_least_confidence"]
    expected = ScorerClassification(table["softmax"].to_pylist()).calculate_scores()
    np.testing.assert_array_equal(found["uncertainty_margin"].to_numpy(), expected["uncertainty_margin"])


def test_score__is_at_the_door_of_the_package() -> None:
    assert lightly_ray.score is score


_PROGRAM = """
import sys, ray, lightly_ray
scores = lightly_ray.score(sys.argv[1], task="classification")
print(scores.count(), ray.get_runtime_context().get_node_id())
"""


@pytest.mark.full
def test_score__starts_a_ray_of_its_own_where_there_is_none(tmp_path: Path) -> None:
    np.save(tmp_path / "values.npy", _probabilities(30, 4))
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    words = [sys.executable, "-c", _PROGRAM, str(tmp_path / "values.npy")]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    count, node = done.stdout.split()
    assert count == "30"
    assert node != ray.get_runtime_context().get_node_id()


def _spoilt() -> tuple[pa.Table, Scores]:
    values = _probabilities(len(NAMES), 4)
    expected = ScorerClassification(values).calculate_scores()
    values[5] = [2, -1, 0, 0]
    values[50, 3] = np.nan
    return pa.table({"filename": NAMES, "probabilities": list(values)}), expected


def test_score__a_bad_row_names_its_sample() -> None:
    table, _ = _spoilt()
    dataset = score(ray.data.from_arrow(table.slice(10)).repartition(4), task="classification")
    with pytest.raises(RayTaskError, match=r"first: '050\.jpg' has a value that is NaN"):
        dataset.materialize()
    with pytest.raises(InvalidInputError, match=r"first: '050\.jpg' has a value that is NaN") as caught, plain_errors():
        dataset.materialize()
    assert "\n" not in str(caught.value)


def test_score__a_bad_image_of_detection_is_named_at_once() -> None:
    table = _detections()
    bad = table.set_column(1, "object_probabilities", [[[2.0] * len(one) for one in table[1].to_pylist()]])
    with pytest.raises(InvalidInputError, match="has a value outside"):
        score(ray.data.from_arrow(bad), task="detection")


def test_score__skip_says_why_and_leaves_the_others_alone() -> None:
    table, expected = _spoilt()
    found = _gather(score(ray.data.from_arrow(table).repartition(3), task="classification", on_error="skip"))
    reasons = found["error"].to_pylist()
    assert {name: reason for name, reason in zip(NAMES, reasons, strict=True) if reason} == {
        "005.jpg": "a value outside [0, 1]",
        "050.jpg": "a value that is NaN",
    }
    good = np.array([reason is None for reason in reasons])
    for name, scores in expected.items():
        assert found[name].null_count == 2
        np.testing.assert_array_equal(found[name].to_numpy()[good], scores[good])


def test_score__skipped_images_do_not_count_for_the_frequency() -> None:
    table = _detections()
    objects, classes = table[1].to_pylist(), table[2].to_pylist()
    objects[7], classes[7] = [0.5] * 900 + [2.0], [[0.5, 0.5]] * 901  # the most objects by far
    spoilt = pa.table({"filename": NAMES, "object_probabilities": objects, "class_probabilities": classes})
    good = pa.array([row != 7 for row in range(len(NAMES))])
    expected = ScorerObjectDetection(table.filter(good)).calculate_scores()
    found = _gather(score(ray.data.from_arrow(spoilt).repartition(4), task="detection", on_error="skip"))
    assert found["error"].to_pylist()[7] == "a value outside [0, 1]"
    for name, scores in expected.items():
        assert found[name][7].as_py() is None
        np.testing.assert_array_equal(found[name].filter(good).to_numpy(), scores)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": "regression"}, "task must be one of classification, detection, segmentation, keypoints"),
        ({"task": "keypoints", "on_error": "ignore"}, "on_error must be one of raise, skip"),
        ({"task": "detection", "config": {"min_score": 2}}, "min_score must be a number"),
    ],
)
def test_score__arguments_that_cannot_be_used(arguments: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=message):
        score(tmp_path, **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": "classification", "id_column": "image"}, "no column 'image' in the predictions, got filename, x"),
        ({"task": "classification", "prediction_column": "p"}, "no column 'p' in the predictions"),
        ({"task": "detection"}, "detection needs predictions in columns class_probabilities, object_probabilities"),
    ],
)
def test_score__parquet_without_the_columns(arguments: dict[str, Any], message: str, tmp_path: Path) -> None:
    pq.write_table(pa.table({"filename": ["a"], "x": [1]}), tmp_path / "p.parquet")
    with pytest.raises(InvalidInputError, match=message):
        score(tmp_path / "p.parquet", **arguments)


@pytest.mark.parametrize("task", ["classification", "detection", "segmentation", "keypoints"])
def test_score__nothing_there(task: Task, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no file or folder"):
        score(tmp_path / "absent", task=task)


@pytest.mark.parametrize("through", ["path", in_full("dataset")])
def test_score__files_of_two_models_are_refused(tmp_path: Path, through: str) -> None:
    for name, classes in (("a", 2), ("b", 3)):
        table = pa.table(
            {"filename": [f"{name}{row}.jpg" for row in range(9)], "probabilities": [[1.0] + [0.0] * (classes - 1)] * 9}
        )
        pq.write_table(table, tmp_path / f"{name}.parquet")
    source = tmp_path if through == "path" else ray.data.read_parquet(str(tmp_path))
    with pytest.raises(InvalidInputError, match="jpg' has another number of classes"), plain_errors():
        score(source, task="classification").materialize()
    if through == "path":
        table = _gather(score(source, task="classification", on_error="skip"))
        assert [bool(one) for one in table["error"].to_pylist()] == [False] * 9 + [True] * 9


def test_score__tables_frames_and_arrays() -> None:
    rows = _probabilities(61, 3)
    expected = ScorerClassification(rows).calculate_scores()
    table = pa.table({"filename": NAMES, "probabilities": list(rows)})
    wide = pd.DataFrame(rows, index=NAMES)
    for source in (table, table.to_pandas(), table.to_pandas().set_index("filename"), wide):
        _require_equal(score(source, task="classification"), expected, NAMES)
    numbers = [str(row) for row in range(61)]
    for array in (rows, rows.tolist(), pd.DataFrame(rows)):
        _require_equal(score(array, task="classification"), expected, numbers)
    boxes = pd.DataFrame({"filename": ["a.jpg", "b.jpg"], "scores": [[0.5], []], "labels": [[1], []]})
    assert _gather(score(boxes, task="detection"))["objectness_least_confidence"].to_pylist() == [0.5, 0.0]


def test_score__names_of_an_array_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("\n".join(NAMES))
    rows = _probabilities(61, 3)
    found = score(rows, task="classification", images=tmp_path / "names.txt")
    _require_equal(found, ScorerClassification(rows).calculate_scores(), NAMES)


@pytest.mark.parametrize(
    ("predictions", "message"), [(3, "got int"), ({"a.jpg": [1.0]}, "got dict"), (np.zeros((2, 3, 4)), "got shape")]
)
def test_score__what_are_no_predictions(predictions: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        score(predictions, task="classification")
    with pytest.raises(InvalidInputError, match="for detection"):
        score(np.zeros((2, 3)), task="detection")


@pytest.mark.parametrize("task", ["classification", "detection"])
def test_score__of_nothing_is_nothing(task: Task) -> None:
    with pytest.warns(UserWarning, match="Use 'expr'"):
        nothing = ray.data.from_items([{"filename": "a", "probabilities": [1.0]}]).filter(lambda _: False)
    assert score(nothing, task=task).take_all() == []

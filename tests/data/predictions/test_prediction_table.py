"""Predictions as one checked table, and as one file."""

import io
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightly_ray.data.predictions.packed import read_packed, write_packed
from lightly_ray.data.predictions.table import checked
from lightly_ray.errors import InvalidInputError, TooLargeError, UnreadableError

BOX = [0.0, 0.25, 0.5, 1.0]


def classified(rows: list[Any], names: list[Any] | None = None) -> pa.Table:
    return pa.table({"filename": names or [f"{row}.jpg" for row in range(len(rows))], "probabilities": rows})


def detected(boxes: list[Any], labels: list[list[int]] | None = None) -> pa.Table:
    counts = [len(of) for of in boxes]
    return pa.table(
        {
            "filename": [f"{row}.jpg" for row in range(len(boxes))],
            "scores": pa.array([[0.5] * count for count in counts], pa.list_(pa.float32())),
            "labels": pa.array(labels or [[1] * count for count in counts], pa.list_(pa.int64())),
            "boxes": pa.array(boxes, pa.list_(pa.list_(pa.float64()))),
        }
    )


def test_checked__classes_are_named_or_numbered() -> None:
    assert checked("classification", classified([[0.5, 0.5, 0]]), "p").classes == ("0", "1", "2")
    assert checked("classification", classified([[0.25]]), "p", ["yes", "no"]).classes == ("yes", "no")
    assert checked("detection", detected([[BOX], []], [[4], []]), "p").classes == ("0", "1", "2", "3", "4")
    # A detector may know more classes than it has found.
    assert checked("detection", detected([[BOX]]), "p", ["a", "b", "c"]).classes == ("a", "b", "c")
    assert checked("classification", classified([]).cast(classified([[0.5]]).schema), "p").classes == ()


@pytest.mark.parametrize(
    ("table", "classes", "message"),
    [
        (classified([[0.5, 0.6]]), (), r"first: '0.jpg' has class probabilities whose sum is not 1"),
        (
            classified([[0.5, 0.5], [1, 0, 0]]),
            (),
            r"1 of 2 p cannot be used, first: '1.jpg' has another number of classes",
        ),
        (classified([[0.5, 0.5]] * 2, ["a", "a"]), (), "p: 'a' is there more than once"),
        (classified([[0.5, 0.5]] * 2, ["a", None]), (), "p: row 1 has no file name"),
        (pa.table({"filename": [3], "probabilities": [[1.0]]}), (), "need a column 'filename' of strings"),
        (classified([[0.5, 0.5]]), ("a", "b", "c"), "are of 2 classes, and 3 names are given"),
        (classified([[0.5, 0.5]]), ("a", "a"), "two classes are called 'a'"),
    ],
)
def test_checked__refuses_classifications(table: pa.Table, classes: tuple[str, ...], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        checked("classification", table, "p", classes)


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ([0.5, 0, 0.25, 1], "'1.jpg' has a box that is not x0 <= x1"),
        ([10, 20, 200, 300], "'1.jpg' has a box that is not x0 <= x1"),
        ([0, 0, float("nan"), 1], "'1.jpg' has a box that is not x0 <= x1"),
        ([0, 0, 1], "'1.jpg' has a box that is not x0 <= x1"),
    ],
)
def test_checked__refuses_boxes(box: list[float], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        checked("detection", detected([[BOX], [BOX, box]]), "p")


def test_checked__refuses_other_many_boxes_than_scores() -> None:
    table = detected([[BOX], [BOX]])
    table = table.set_column(3, "boxes", pa.array([[BOX], [BOX, BOX]], table.schema.field("boxes").type))
    with pytest.raises(InvalidInputError, match=r"'1\.jpg' has lists of different lengths"):
        checked("detection", table, "p")


def test_checked__segmentation_maps_themselves() -> None:
    maps = pa.table({"filename": ["a"], "probabilities": [[0.25, 0.75, 1, 0]], "shape": [[2, 1, 2]]})
    assert checked("segmentation", maps, "p").classes == ("0", "1")
    with pytest.raises(InvalidInputError, match="not their paths"):
        checked("segmentation", pa.table({"filename": ["a"], "path": ["a.npy"]}), "p")


def test_packed__comes_back_whole_or_one_sample() -> None:
    given = checked("detection", detected([[BOX], [], [BOX, BOX]]), "p", ["cat", "dög"])
    file = io.BytesIO()
    write_packed(given, file)
    back = read_packed(file, "p")
    assert (back.task, back.classes) == ("detection", ("cat", "dög"))
    assert back.table.equals(given.table)
    assert read_packed(file, "p", only="2.jpg").table.equals(given.take(np.array([2])).table)
    assert len(read_packed(file, "p", only="no.jpg").table) == 0


def test_packed__refuses_what_is_no_such_file() -> None:
    with pytest.raises(UnreadableError, match="the upload are no Parquet file"):
        read_packed(io.BytesIO(b"no"), "the upload")
    plain = io.BytesIO()
    pq.write_table(classified([[1.0, 0.0]]), plain)
    with pytest.raises(InvalidInputError, match="do not say task and classes"):
        read_packed(plain, "p")
    wrong = io.BytesIO()
    says = json.dumps({"task": "guessing", "classes": []})
    pq.write_table(classified([[1.0]]).replace_schema_metadata({"lightly_ray.predictions": says}), wrong)
    with pytest.raises(InvalidInputError, match="are of the task 'guessing'"):
        read_packed(wrong, "p")


def test_packed__refuses_what_unpacks_to_too_much() -> None:
    file = io.BytesIO()
    write_packed(checked("classification", classified([[1.0] + [0.0] * 99] * 100), "p"), file)
    assert file.tell() < 5000
    with pytest.raises(TooLargeError, match="p: it unpacks to 10,100 values, at most 10,000"):
        read_packed(file, "p", at_most=10_000)

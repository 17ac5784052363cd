"""Labels in CSV and Parquet, by column."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightly_ray.data.labels import columns
from lightly_ray.data.labels.exports import stream
from lightly_ray.data.labels.files import read_labels
from lightly_ray.data.labels.table import SCHEMA, TASKS, Task, checked
from lightly_ray.errors import InvalidInputError, TooLargeError, UnreadableError
from tests.data.labels.drawn_labels import drawn, meant, said


def _csv(folder: Path, text: str) -> Path:
    (folder / "labels.csv").write_text(text, "utf-8")
    return folder / "labels.csv"


def test_read_csv__one_several_and_no_labels(tmp_path: Path) -> None:
    text = (
        "\ufefflabel,filename,other,cannot_be_labelled\n"
        'cat,a.jpg,1,\n"a ""dog""\n, old",sub/a.jpg,,\n\'=x,a.jpg,,\n,b.jpg,,\n,c.jpg,,true\n'
    )
    labels = read_labels(_csv(tmp_path, text))
    assert labels.classes == ("=x", 'a "dog"\n, old', "cat")
    assert said(labels) == {
        "a.jpg": (False, [{"class": "cat"}, {"class": "=x"}]),
        "sub/a.jpg": (False, [{"class": 'a "dog"\n, old'}]),
        "b.jpg": (False, None),
        "c.jpg": (True, []),
    }


def test_read_csv__by_sample_id(tmp_path: Path) -> None:
    labels = read_labels(_csv(tmp_path, "sample_id,label\n1,cat\n2,dog\n"))
    assert labels.table["filename"].null_count == 2
    assert said(labels, by="sample_id") == {"1": (False, [{"class": "cat"}]), "2": (False, [{"class": "dog"}])}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,label\na,b\n", "needs a column filename or sample_id, it has name, label"),
        ("filename,class\na,b\n", "needs a column label, it has filename, class"),
        ("filename,label\na,cat\n,dog\n", "row 1 has neither a sample id nor a file name"),
        ("filename,label\na,cat\na,cat\n", "the sample 'a' has the label 'cat' more than once"),
        ("filename,label\na,cat\nb,Cat\n", "the classes 'Cat' and 'cat' differ by case alone"),
        ("filename,label\na,  \n", "an annotation of sample 'a' has no class"),
        ("filename,label,cannot_be_labelled\na,b,perhaps\n", "cannot_be_labelled must be true or false"),
        ("filename,label,label\na,cat,dog\n", "the column 'label' more than once"),
        ("filename,annotations\na,[\n", "the column annotations must hold JSON of labels"),
    ],
)
def test_read_csv__what_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=message) as caught:
        read_labels(_csv(tmp_path, text))
    assert "labels.csv" in str(caught.value)


def test_read_csv__a_row_with_other_columns(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"CSV: .*Expected 2 columns, got 3"):
        read_labels(_csv(tmp_path, "filename,label\na,cat\nb,dog,1\n"))
    with pytest.raises(InvalidInputError, match="is classification, no detection"):
        read_labels(_csv(tmp_path, "filename,label\na,cat\n"), task="detection")


def test_read_parquet__columns_of_any_string_type(tmp_path: Path) -> None:
    names = pa.array(["a", "b", "a"]).dictionary_encode()
    table = pa.table({"filename": names, "label": pa.array(["x", None, "y"], pa.large_string()), "other": [1, 2, 3]})
    pq.write_table(table, tmp_path / "labels")
    assert said(read_labels(tmp_path / "labels")) == {
        "a": (False, [{"class": "x"}, {"class": "y"}]),
        "b": (False, None),
    }


@pytest.mark.parametrize("task", TASKS)
def test_read_parquet__the_whole_table(task: Task, tmp_path: Path) -> None:
    export = drawn(task, ["a", "b", "c", "d", "e"])
    (tmp_path / "first.csv").write_bytes(b"".join(stream("csv", export)))
    labels = read_labels(tmp_path / "first.csv")
    says = json.dumps({"task": labels.task, "classes": labels.classes})
    table = labels.table.replace_schema_metadata({"lightly_ray.labels": says})
    pq.write_table(table, tmp_path / "labels.parquet")
    again = read_labels(tmp_path / "labels.parquet")
    assert (again.task, again.classes) == (labels.task, labels.classes)
    assert again.table.equals(labels.table)
    assert said(again) == meant(export)


def test_read_parquet__metadata_that_say_something_else(tmp_path: Path) -> None:
    annotations = pa.array([[{"class": "cat"}]], SCHEMA.field("annotations").type)
    table = pa.table({"filename": ["a"], "annotations": annotations})
    for says, message in (("{", "do not say a task"), ('{"task": "boxes"}', "say the unknown task 'boxes'")):
        pq.write_table(table.replace_schema_metadata({"lightly_ray.labels": says}), tmp_path / "labels.parquet")
        with pytest.raises(InvalidInputError, match=message):
            read_labels(tmp_path / "labels.parquet")
    pq.write_table(table, tmp_path / "labels.parquet")
    assert said(read_labels(tmp_path / "labels.parquet")) == {"a": (False, [{"class": "cat"}])}


def test_read_parquet__broken_and_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(pa.table({"filename": ["a", "b"], "label": ["x", "y"]}), tmp_path / "two.parquet")
    (tmp_path / "half.parquet").write_bytes((tmp_path / "two.parquet").read_bytes()[:-20])
    with pytest.raises(UnreadableError, match=r"half.parquet' as Parquet"):
        read_labels(tmp_path / "half.parquet")
    monkeypatch.setattr(columns, "MOST_ROWS", 1)
    with pytest.raises(TooLargeError, match="has 2 rows, at most 1 are read"):
        read_labels(tmp_path / "two.parquet")


def test_read_csv__many_rows_equal_those_of_a_loop(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    names, classes = rng.permutation(5_000)[:4_000], rng.integers(0, 9, 4_000)
    lines = [f"images/{name}.jpg,class {number}" for name, number in zip(names, classes, strict=True)]
    labels = read_labels(_csv(tmp_path, "\n".join(["filename,label", *lines, ""])))
    by_loop = [
        {
            "filename": line.split(",")[0],
            "sample_id": None,
            "cannot_be_labelled": False,
            "annotations": [{"class": line.split(",")[1]}],
        }
        for line in lines
    ]
    assert labels.table.equals(checked("classification", pa.Table.from_pylist(by_loop, labels.table.schema), "x").table)

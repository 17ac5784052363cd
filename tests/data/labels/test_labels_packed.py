"""Labels as a file: what goes in comes out, and other files are refused by name."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightly_ray.data.labels.packed import read_packed, write_packed
from lightly_ray.errors import InvalidInputError, TooLargeError, UnreadableError
from tests.label_tables import SKIPPED, labels, packed

BOX = {"class": "car", "box": [0.1, 0.2, 0.3, 0.4]}


def test_packed__comes_back_as_it_was() -> None:
    given = labels(
        {"a.png": [BOX, BOX | {"class": "dog"}], "b ü.png": [], "c.png": None, "d.png": SKIPPED}, "detection"
    )
    found = read_packed(io.BytesIO(packed(given)), "x")
    assert (found.task, found.classes) == (given.task, given.classes)
    assert found.table.equals(given.table)


def test_packed__columns_beside_the_labels() -> None:
    out = io.BytesIO()
    write_packed(labels({"a.png": "cat"}), out, {"row": pa.array([7])})
    assert read_packed(out, "x").table["row"].to_pylist() == [7]


def _table(**says: Any) -> bytes:
    out = io.BytesIO()
    table = labels({"a.png": "cat"}).table.replace_schema_metadata(says.get("metadata"))
    pq.write_table(table.drop_columns(says.get("without", [])), out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "error", "named"),
    [
        (b"no Parquet at all", UnreadableError, "the file is no Parquet file"),
        (packed(labels({"a.png": "cat"}))[:-20], UnreadableError, "the file is no Parquet file"),
        (b"", UnreadableError, "the file is no Parquet file"),
        (_table(), InvalidInputError, "does not say task and classes"),
        (_table(metadata={"lightly_ray.labels": "[1"}), InvalidInputError, "does not say task and classes"),
        (_table(metadata={"lightly_ray.labels": '{"task": "x", "classes": []}'}), InvalidInputError, "task 'x'"),
        (
            _table(metadata={"lightly_ray.labels": '{"task": "detection", "classes": [1]}'}),
            InvalidInputError,
            "classes",
        ),
        (
            _table(metadata={"lightly_ray.labels": '{"task": "detection", "classes": []}'}, without=["annotations"]),
            InvalidInputError,
            "no column 'annotations'",
        ),
    ],
)
def test_packed__other_files_are_refused(content: bytes, error: type[Exception], named: str) -> None:
    with pytest.raises(error, match="the file") as refused:
        read_packed(io.BytesIO(content), "the file")
    assert named in str(refused.value)


def test_packed__a_small_file_that_unpacks_to_much() -> None:
    many = labels({f"{number}.png": [BOX] * 50 for number in range(200)}, "detection")
    content = packed(many)
    assert len(content) < 20_000
    with pytest.raises(TooLargeError, match="at most 50,000"):
        read_packed(io.BytesIO(content), "the file", 50_000)
    assert len(read_packed(io.BytesIO(content), "the file", 200_000).table) == 200

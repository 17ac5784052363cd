"""Labels with the client: a tool's file goes in, the labels come out; bad files are one error and leave nothing."""

import json
from pathlib import Path

import pytest

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.data.labels.table import Labels
from lightly_ray.errors import InvalidInputError, NotFoundError
from tests.label_tables import SKIPPED, classes_of, labels


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_import_labels__a_file_of_names_and_classes(uploaded: ApiWorkflowClient, tmp_path: Path) -> None:
    file = write(tmp_path / "l.csv", "filename,label\ncats/3.png,cat\ndogs/0.png,dog\ncats/9.png,cat\n")
    report = uploaded.import_labels(file, source="round-1")
    assert (report.source, report.task) == ("round-1", "classification")
    assert (int(report.matched), report.unknown.first, report.changed.count) == (2, ("cats/9.png",), 0)
    found = uploaded.labels("round-1")
    assert isinstance(found, Labels)
    assert classes_of(found) == {"cats/3.png": "cat", "dogs/0.png": "dog"}
    again = uploaded.import_labels(file, "round-1")
    assert (again.import_id, again.unchanged) == (None, again.matched)


def test_import_labels__what_came_out_goes_in_again(uploaded: ApiWorkflowClient) -> None:
    box = {"class": "cat", "box": [0.125, 0.25, 0.5, 1.0]}
    uploaded.import_labels(
        labels({"cats/0.png": [box, box], "cats/1.png": [], "dogs/1.png": SKIPPED}, "detection"), "a"
    )
    report = uploaded.import_labels(uploaded.labels("a"), "a")
    assert (report.import_id, report.unchanged.count) == (None, 3)
    uploaded.import_labels(uploaded.labels(), "b")
    assert uploaded.labels("b").table.equals(uploaded.labels("a").table)
    assert uploaded.get_tag_by_name("cannot-be-labelled").mask.count == 1


def test_label_sources__history_and_withdrawal(uploaded: ApiWorkflowClient) -> None:
    assert uploaded.label_sources() == uploaded.label_imports() == []
    for source, name in (("a", "cat"), ("b", "cat"), ("a", "dog")):
        uploaded.import_labels(labels({"cats/0.png": name}), source)
    assert [(one.source, one.version, one.samples) for one in uploaded.label_sources()] == [("b", 1, 1), ("a", 2, 1)]
    uploaded.withdraw_labels("a")
    first, second, third = uploaded.label_imports()
    assert [(one.version, one.withdrawn_by) for one in (first, third)] == [(1, "admin"), (2, "admin")]
    assert (second.withdrawn_at, uploaded.label_sources()) == (None, [second])
    assert third.report.changed.first == ("cats/0.png",)
    with pytest.raises(NotFoundError, match="'b'"):
        uploaded.labels("a")
    assert classes_of(uploaded.labels(import_id=third.id)) == {"cats/0.png": "dog"}
    with pytest.raises(NotFoundError, match="no labels"):
        uploaded.withdraw_labels("never")


COCO = {
    "images": [{"id": 1, "file_name": "cats/0.png", "width": 10, "height": 10}],
    "categories": [],
    "annotations": [],
}


@pytest.mark.parametrize(
    ("text", "error", "named"),
    [
        ("filename,label\nx/1.png,cat\ncats/1.png,dog\n", InvalidInputError, "1 of 2 samples"),
        ("filename,label\n0.png,cat\n", InvalidInputError, "'cats/0.png' or 'dogs/0.png'"),
        ("filename,label\ncats/0.png,cat\ndogs/1.png,Cat\n", InvalidInputError, "differ by case alone"),
        (json.dumps(COCO)[:-20], InvalidInputError, "is broken"),
    ],
)
def test_import_labels__bad_files(
    uploaded: ApiWorkflowClient, tmp_path: Path, text: str, error: type[Exception], named: str
) -> None:
    with pytest.raises(error) as refused:
        uploaded.import_labels(write(tmp_path / "l", text))
    assert named in str(refused.value)
    assert uploaded.label_imports() == []


def test_import_labels__no_such_file_or_format(uploaded: ApiWorkflowClient, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nowhere"):
        uploaded.import_labels(tmp_path / "nowhere.json")
    with pytest.raises(InvalidInputError, match="unknown format 'word'"):
        uploaded.import_labels(write(tmp_path / "l.csv", "filename,label\n"), format="word")

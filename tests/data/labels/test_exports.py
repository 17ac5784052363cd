"""What is written, beside what comes back: lists, tables, predictions, archives and folders."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from lightly_ray.data.labels.exporting import Export, Sample, with_labels
from lightly_ray.data.labels.exports import EXPORTS, stream, write
from lightly_ray.data.labels.table import SCHEMA, checked
from lightly_ray.errors import InvalidInputError

BOX = [0.25, 0.5, 0.75, 0.625]
SAMPLES = (
    Sample("s1", "a.jpg", "https://x/a.jpg", 200, 100, {"b": 0.5, "a": 1.0}, labels=[{"class": "cat"}]),
    Sample("s2", "sub/=a.jpg", "https://x/=a.jpg", predictions=[{"class": "dog", "score": 0.75}]),
    Sample("s3", "../c.jpg", "https://x/c.jpg", labels=[], cannot_be_labelled=True),
)
EXPORT = Export(SAMPLES, "classification", ("cat", "dog"))
BOXES = Export(
    [
        Sample("s1", "a.jpg", "https://x/a.jpg", 200, 100, labels=[{"class": "cat", "box": BOX}]),
        Sample("s2", "b.jpg", "https://x/b.jpg", 200, 100, predictions=[{"class": "dog", "box": BOX, "score": 0.75}]),
    ],
    "detection",
    ("cat", "dog"),
    predictions=True,
)


def _text(name: str, export: Export) -> str:
    return b"".join(stream(name, export)).decode()


def test_filenames_and_labelbox() -> None:
    assert _text("filenames", EXPORT) == "a.jpg\nsub/=a.jpg\n../c.jpg\n"
    rows = json.loads(_text("labelbox", EXPORT))
    assert rows[1] == {
        "row_data": "https://x/=a.jpg",
        "global_key": "s2",
        "media_type": "IMAGE",
        "external_id": "sub/=a.jpg",
    }
    assert len(rows) == 3
    for name in EXPORTS:
        assert (
            b"".join(stream(name, replace(EXPORT, samples=[], task="detection" if name in ("yolo",) else EXPORT.task)))
            or name == "filenames"
        )


def test_csv__scores_labels_and_predictions() -> None:
    rows = list(csv.reader(io.StringIO(_text("csv", replace(EXPORT, predictions=True)))))
    assert rows == [
        ["sample_id", "filename", "label", "cannot_be_labelled", "a", "b", "predicted_label", "predicted_score"],
        ["s1", "a.jpg", "cat", "", "1.0", "0.5", "", ""],
        ["s2", "sub/=a.jpg", "", "", "", "", "dog", "0.75"],
        ["s3", "../c.jpg", "", "true", "", "", "", ""],
    ]
    harmful = replace(EXPORT, samples=[replace(SAMPLES[0], filename="=1.jpg", scores={"label": 1.0})])
    with pytest.raises(InvalidInputError, match="must not be called like another column"):
        _text("csv", harmful)
    assert "'=1.jpg" in _text("csv", replace(harmful, samples=[replace(SAMPLES[0], filename="=1.jpg")]))


def test_predictions__go_along_in_the_form_of_each_tool() -> None:
    tasks = json.loads(_text("label-studio", BOXES))
    (result,) = tasks[1]["predictions"][0]["result"]
    assert tasks[1]["predictions"][0]["score"] == result["score"] == 0.75
    assert result["value"]["rectanglelabels"] == ["dog"]
    assert "predictions" not in tasks[0]
    assert [entry.get("score") for entry in json.loads(_text("coco", BOXES))["annotations"]] == [None, 0.75]
    assert _text("cvat", BOXES).count('source="auto"') == _text("cvat", BOXES).count('source="manual"') == 1
    archive = zipfile.ZipFile(io.BytesIO(b"".join(stream("fiftyone", BOXES))))
    labels = json.loads(archive.read("labels.json"))
    assert labels["labels"]["b"] == [{"label": "dog", "confidence": 0.75, "bounding_box": [0.25, 0.5, 0.5, 0.125]}]
    without = replace(BOXES, predictions=False)
    assert len(json.loads(_text("coco", without))["annotations"]) == 1
    for name, format in EXPORTS.items():
        if not format.takes_predictions:
            with pytest.raises(InvalidInputError, match=f"{name} has no place for predictions; these formats have"):
                stream(name, BOXES)


def test_predictions__labels_of_people_go_before() -> None:
    both = replace(BOXES.samples[0], predictions=[{"class": "dog", "box": BOX, "score": 0.5}])  # type: ignore[index]  # a list
    export = replace(BOXES, samples=[both])
    assert [it["category_id"] for it in json.loads(_text("coco", export))["annotations"]] == [1]
    assert len(json.loads(_text("label-studio", export))[0]["predictions"]) == 1


def test_zip__what_is_not_there_is_listed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"pixels")
    images: dict[str, Any] = {"s1": tmp_path / "a", "s3": b"others"}
    export = replace(EXPORT, image=lambda sample: images.get(sample.sample_id))
    write("zip", export, tmp_path / "out.zip")
    archive = zipfile.ZipFile(tmp_path / "out.zip")
    assert archive.namelist() == ["a.jpg", "c-s3.jpg", "MISSING.txt"]
    assert archive.read("a.jpg") == b"pixels"
    assert archive.read("MISSING.txt").decode().splitlines()[2:] == ["sub/=a.jpg"]


def test_yolo__names_that_would_collide_get_ids() -> None:
    names = ("a.jpg", "a.png", "../a.jpg")
    samples = [Sample(f"s{number}", name, labels=[{"class": "cat", "box": BOX}]) for number, name in enumerate(names)]
    archive = zipfile.ZipFile(io.BytesIO(b"".join(stream("yolo", Export(samples, "detection", ("cat",))))))
    assert [name for name in archive.namelist() if name.startswith("labels")] == [
        "labels/a.txt",
        "labels/a-s1.txt",
        "labels/a-s2.txt",
    ]
    assert archive.read("train.txt").decode() == "./images/a.jpg\n./images/a-s1.png\n./images/a-s2.jpg\n"


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("yaml", {}, "unknown format 'yaml'"),
        ("yolo", {}, "yolo has no place for classes of whole images"),
        ("fiftyone", {"task": "keypoints"}, "no place for keypoints"),
        ("imagefolder", {"task": "detection"}, "no place for detection"),
        ("imagefolder", {}, "sample 'a.jpg' has no image here"),
        ("imagefolder", {"labels": [{"class": "a"}, {"class": "b"}]}, "sample 'a.jpg' has the classes a, b"),
        ("imagefolder", {"labels": [{"class": "../b"}]}, "class '../b' cannot be the name of a folder"),
        ("label-studio", {"uri": None}, "sample 'a.jpg' has no address of its image"),
        (
            "coco",
            {"width": None, "labels": [{"class": "cat", "box": BOX}]},
            "sample 'a.jpg' needs its width and height",
        ),
        ("cvat", {"filename": "a\x01"}, "has the character '.x01', which XML cannot hold"),
        (
            "yolo",
            {"task": "segmentation", "labels": [{"class": "cat", "mask": {"height": 1, "width": 1, "counts": [1]}}]},
            "sample 'a.jpg' has a mask: yolo has polygons alone",
        ),
    ],
)
def test_stream__what_is_refused(name: str, changes: dict[str, Any], message: str) -> None:
    task = changes.pop("task", "classification")
    with pytest.raises(InvalidInputError, match=message):
        b"".join(stream(name, Export([replace(SAMPLES[0], **changes)], task, ("cat",))))


def test_write__whole_or_not_at_all(tmp_path: Path) -> None:
    def samples() -> Iterator[Sample]:
        yield BOXES.samples[0]  # type: ignore[index]  # a list
        raise OSError("the disk is gone")

    class Failing:
        def __iter__(self) -> Iterator[Sample]:
            return samples()

    with pytest.raises(InvalidInputError, match=r"cannot write .*out': the disk is gone"):
        write("yolo", replace(BOXES, samples=Failing()), tmp_path / "out")
    with pytest.raises(InvalidInputError, match=r"cannot write .*out.json"):
        write("coco", replace(BOXES, samples=Failing()), tmp_path / "out.json")
    assert list(tmp_path.iterdir()) == []
    write("yolo", BOXES, tmp_path / "deep" / "out")
    assert (tmp_path / "deep" / "out" / "labels" / "a.txt").read_text() == "0 0.5 0.5625 0.5 0.125\n"
    with pytest.raises(InvalidInputError, match="must be local and not there yet"):
        write("yolo", BOXES, tmp_path / "deep" / "out")


def test_with_labels__by_id_or_by_name() -> None:
    def labels(key: str, values: list[str]) -> Any:
        bare = {"sample_id": None, "filename": None, "cannot_be_labelled": None, "annotations": [{"class": "cat"}]}
        return checked("classification", pa.Table.from_pylist([{**bare, key: it} for it in values], SCHEMA), "x")

    bare = [Sample("s1", "a"), Sample("s2", "b")]
    for found in (with_labels(bare, labels("sample_id", ["s2", "s9"])), with_labels(bare, labels("filename", ["b"]))):
        for _ in range(2):  # gone through twice
            assert [[it["class"] for it in one.labels or []] for one in found] == [[], ["cat"]]
    predicted = list(with_labels(bare, None, labels("sample_id", ["s1"])))
    assert [one.predictions is None for one in predicted] == [False, True]

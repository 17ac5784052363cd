"""A tag goes out in the form of a tool and comes back by `import_labels`: the same labels, of the same samples."""

import json
import re
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.data.labels.exports import EXPORTS
from lightly_ray.data.labels.files import FORMATS
from lightly_ray.errors import InvalidInputError, NotFoundError
from lightly_ray.methods import INITIAL_TAG
from lightly_ray.platform.embedded import EmbeddedPlatform
from lightly_ray.workflow.export import ExportSettings, run_export
from tests.evaluation.tables import detected, distributions
from tests.label_tables import SKIPPED, Said, labels

CLASSES: dict[str, Said] = {"cats/0.png": "cat", "dogs/0.png": "dog", "dogs/5.png": "a dog, ü"}
BOXES: dict[str, Said] = {
    "cats/0.png": [{"class": "cat", "box": [0.25, 0.125, 0.5, 1.0]}, {"class": "ü", "box": [0.0, 0.0, 0.5, 0.5]}],
    "dogs/0.png": [{"class": "cat", "box": [0.5, 0.25, 0.75, 0.75]}],
}
SIGNATURE = re.compile(rb"expires=\d+(&|\\u0026|&amp;)signature=[0-9a-f]{64}")


@pytest.fixture
def tagged(uploaded: ApiWorkflowClient) -> ApiWorkflowClient:
    """A client whose dataset has a tag of three images, of which two have one base name."""
    uploaded.create_tag_from_filenames(list(CLASSES), "three")
    return uploaded


def out_and_back(client: ApiWorkflowClient, form: str, path: Path) -> Any:
    client.export("three", form, path, labels="true")
    report = client.import_labels(path, "back", format=form)
    assert (report.unknown.count, report.by_base_name.count) == (0, 0)
    return client.labels("back").table.to_pylist()


@pytest.mark.parametrize("form", sorted(EXPORTS.keys() & FORMATS.keys() - {"coco", "yolo", "cvat"}))
def test_export__classes_come_back(tagged: ApiWorkflowClient, tmp_path: Path, form: str) -> None:
    tagged.import_labels(labels(CLASSES), "true")
    assert out_and_back(tagged, form, tmp_path / "out") == tagged.labels("true").table.to_pylist()


@pytest.mark.parametrize("form", ["coco", "yolo", "cvat", "label-studio", "huggingface"])
def test_export__boxes_come_back(tagged: ApiWorkflowClient, tmp_path: Path, form: str) -> None:
    tagged.import_labels(labels(BOXES, "detection"), "true")
    wanted = tagged.labels("true").table.to_pylist()
    found = {row["filename"]: row for row in out_and_back(tagged, form, tmp_path / "out")}
    for row in wanted:
        back = found[row["filename"]]
        assert back["sample_id"] == row["sample_id"]
        for one, other in zip(row["annotations"], back["annotations"], strict=True):
            assert one["class"] == other["class"]
            assert one["box"] == pytest.approx(other["box"], abs=1e-6)


def test_export__a_second_one_is_the_same_but_for_signatures(tagged: ApiWorkflowClient, tmp_path: Path) -> None:
    tagged.import_labels(labels(CLASSES), "classes")
    tagged.import_labels(labels(BOXES, "detection"), "boxes")
    for form in EXPORTS:
        contents = []
        for name in (f"{form}-1.zip", f"{form}-2.zip"):
            tagged.export("three", form, tmp_path / name, labels="boxes" if form == "yolo" else "classes")
            contents.append(SIGNATURE.sub(b"", (tmp_path / name).read_bytes()))
        assert contents[0] == contents[1], form
        assert len(contents[0]) > 10


def test_export__addresses_open_and_end_in_the_base_name(tagged: ApiWorkflowClient, tmp_path: Path) -> None:
    tagged.export("three", "label-studio", tmp_path / "tasks.json")
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    assert [task["data"]["filename"] for task in tasks] == list(CLASSES)
    for task in tasks:
        url = task["data"]["image"]
        assert urlsplit(url).path.endswith("/" + task["data"]["filename"].split("/")[1])
        answer = requests.get(url, timeout=9)
        assert (answer.status_code, answer.content[:4]) == (200, b"\x89PNG")
        assert requests.get(url.replace("/full/", "/thumb/"), timeout=9).status_code == 403
        assert requests.put(url, data=b"x", timeout=9).status_code in {403, 405}


def test_export__predictions_go_along(tagged: ApiWorkflowClient, tmp_path: Path) -> None:
    found = distributions({"cats/0.png": [0.25, 0.75], "dogs/0.png": [0.5, 0.5]}, ["cat", "dog"])
    tagged.upload_predictions("classification", found, "round-1")
    tagged.export("three", "label-studio", tmp_path / "tasks.json", predictions="round-1")
    first, second, third = json.loads((tmp_path / "tasks.json").read_text())
    assert first["predictions"][0]["result"][0]["value"]["choices"] == ["dog"]
    assert first["predictions"][0]["score"] == 0.75
    assert second["predictions"][0]["result"][0]["value"]["choices"] == ["cat"]  # of equals the first
    assert not third.get("predictions")
    with pytest.raises(NotFoundError):
        tagged.export("three", "label-studio", tmp_path / "none.json", predictions="round-2")
    with pytest.raises(InvalidInputError, match="no place for predictions"):
        tagged.export("three", "imagefolder", tmp_path / "none", predictions="round-1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tasks.json"]


def test_export__predicted_boxes_and_labels_of_their_task(tagged: ApiWorkflowClient, tmp_path: Path) -> None:
    box = [0.25, 0.125, 0.5, 1.0]
    found = detected({"dogs/5.png": [(0, 0.5, box), (1, 0.875, box)]}, ["cat", "bird"])
    tagged.upload_predictions("detection", found, "round-1")
    tagged.import_labels(labels(BOXES, "detection"), "boxes")
    tagged.import_labels(labels(CLASSES), "classes")
    tagged.export("three", "coco", tmp_path / "coco.json", predictions="round-1")
    coco = json.loads((tmp_path / "coco.json").read_text())
    assert [one["name"] for one in coco["categories"]] == ["cat", "ü", "bird"]
    assert [one.get("score") for one in coco["annotations"]] == [None, None, None, 0.5, 0.875]
    with pytest.raises(InvalidInputError, match="one task is exported"):
        tagged.export("three", "coco", tmp_path / "none.json")
    with pytest.raises(InvalidInputError, match="one task is exported"):
        tagged.export("three", "coco", tmp_path / "none.json", predictions="round-1", labels="classes")
    assert not (tmp_path / "none.json").exists()


def test_export__scores_and_marks_in_the_table(tagged: ApiWorkflowClient, tmp_path: Path) -> None:
    tag = tagged.get_tag_by_name(INITIAL_TAG).id
    tagged.upload_scores({"uncertainty_margin": [number / 16 for number in range(12)]}, tag)
    tagged.import_labels(labels({"cats/0.png": "cat", "dogs/0.png": SKIPPED}), "true")
    tagged.export("three", "csv", tmp_path / "t.csv")
    header, *lines = (tmp_path / "t.csv").read_text().splitlines()
    assert header == "sample_id,filename,label,cannot_be_labelled,uncertainty_margin"
    assert [line.partition(",")[2] for line in lines] == [
        "cats/0.png,cat,,0.0",
        "dogs/0.png,,true,0.375",
        "dogs/5.png,,,0.6875",
    ]


def test_export__folders(tagged: ApiWorkflowClient, tmp_path: Path, images: Path) -> None:
    tagged.import_labels(labels(CLASSES), "true")
    tagged.export("three", "imagefolder", tmp_path / "a" / "tree")
    found = {str(path.relative_to(tmp_path / "a" / "tree")): path for path in (tmp_path / "a").rglob("*.png")}
    assert len(found) == 3
    assert {path.read_bytes() for path in found.values()} == {(images / name).read_bytes() for name in CLASSES}
    assert list((tmp_path / "a").iterdir()) == [tmp_path / "a" / "tree"]
    with pytest.raises(InvalidInputError, match="not be there yet"):
        tagged.export("three", "imagefolder", tmp_path / "a" / "tree")
    tagged.export("three", "imagefolder", tmp_path / "tree.zip")
    assert set(found) <= set(zipfile.ZipFile(tmp_path / "tree.zip").namelist())


def test_export__unknown(tagged: ApiWorkflowClient, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="unknown format 'word'"):
        tagged.export("three", "word", tmp_path / "x")
    with pytest.raises(NotFoundError, match="no tag 'four'"):
        tagged.export("four", "csv", tmp_path / "x")
    with pytest.raises(NotFoundError, match="'nobody'"):
        tagged.export("three", "csv", tmp_path / "x", labels="nobody")
    with pytest.raises(InvalidInputError, match="unknown format 'word'"):
        tagged.transport.get(f"/v1/datasets/{tagged.dataset_id}/tags/{tagged.get_tag_by_name('three').id}/export/word")
    assert list(tmp_path.iterdir()) == []


def test_export__by_command(
    tagged: ApiWorkflowClient, live_platform: EmbeddedPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIGHTLY_TOKEN", live_platform.token)
    given = {"server": tagged.server, "dataset_id": tagged.dataset_id, "tag_name": "three", "format": "filenames"}
    result = run_export(ExportSettings.model_validate({**given, "output": tmp_path / "names.txt"}))
    assert (result["tag"], result["samples"]) == ("three", 3)
    assert (tmp_path / "names.txt").read_text().split() == list(CLASSES)

"""Exports go through labelling tools' own converters, and come back as the same labels."""

import io
import json
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lightly_ray.data.labels.exporting import Export, Sample
from lightly_ray.data.labels.exports import write
from lightly_ray.data.labels.files import read_labels
from lightly_ray.data.labels.label_studio_tasks import config
from lightly_ray.data.labels.table import Task
from tests.conftest import missing
from tests.contract.peers import PeerError, environment
from tests.data.labels import tool_runs
from tests.data.labels.drawn_labels import Said, drawn, meant, said

pytestmark = pytest.mark.full

NAMES = ("a.jpg", "sub/b.jpg", "sub/c d.png", "e.jpg", "nothing.jpg", "open.png", "skipped.jpg")
CONVERTERS = ("label-studio-sdk==2.1.2", "datumaro==1.13.12", "datasets==5.2.0")
LABELLED = NAMES[:-3]


def _content(sample: Sample) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (sample.width or 0, sample.height or 0)).save(
        out, "PNG" if sample.filename[-3:] == "png" else "JPEG"
    )
    return out.getvalue()


def _drawn(task: Task) -> Export:
    return replace(drawn(task, NAMES, parts=1), image=_content)


def _run(name: str, packages: Sequence[str], *words: object) -> str:
    try:
        python = environment(name, *packages)
    except PeerError as error:
        missing("peers", str(error))
    command = [str(python), "-W", "ignore", tool_runs.__file__, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def _require_near(found: Said, wanted: Said, most: float) -> None:
    """The same annotations in any order, their numbers but for ``most``; what is not wanted is passed over."""
    for name, (_, annotations) in wanted.items():
        left, right = _flat(found[name][1]), _flat(annotations)
        assert [one[0] for one in left] == [one[0] for one in right]
        for one, other in zip(left, right, strict=True):
            assert one[1:] == pytest.approx(other[1:], abs=most)


def _flat(annotations: Any) -> list[list[Any]]:
    """Class and numbers of each, in an order that the last digits do not change."""

    def numbers(value: Any) -> list[float]:
        if isinstance(value, dict):
            return [one for key in sorted(value) for one in numbers(value[key])]
        return [one for it in value for one in numbers(it)] if isinstance(value, list) else [float(value)]

    rows = [[it["class"], *numbers({key: it[key] for key in it if key != "class"})] for it in annotations or []]
    return sorted(rows, key=lambda row: [row[0], *(f"{value:.1f}" for value in row[1:])])


@pytest.mark.parametrize("task", ["classification", "detection", "segmentation", "keypoints"])
def test_label_studio__every_export_of_a_project(task: Task, tmp_path: Path) -> None:
    export = _drawn(task)
    write("label-studio", export, tmp_path / "tasks.json")
    (tmp_path / "config.xml").write_text(config(export), "utf-8")
    _run("converters", CONVERTERS, "label-studio", tmp_path / "tasks.json", tmp_path / "config.xml", tmp_path / "out")
    whole = read_labels(tmp_path / "out" / "JSON" / "result.json")
    assert said(whole, by="sample_id") == meant(export, by="sample_id")
    wanted = {name: meant(export)[name] for name in LABELLED}
    if task != "keypoints":  # these forms do not say which point is of which object
        for name in ("JSON_MIN/result.json", "CSV/result.csv"):
            _require_near(said(read_labels(tmp_path / "out" / name)), wanted, 1e-9)
    if task == "detection":  # these have base names alone, and in YOLO without their ending
        found = said(read_labels(tmp_path / "out" / "COCO" / "result.json"))
        _require_near(found, {Path(name).name: wanted[name] for name in LABELLED}, 1e-7)
        found = said(read_labels(tmp_path / "out" / "YOLO"))
        _require_near(found, {Path(name).stem: wanted[name] for name in LABELLED}, 1e-7)


@pytest.mark.parametrize(
    ("task", "file", "formats"),
    [
        ("classification", "labels", ("coco", "cvat")),
        ("detection", "instances", ("coco", "cvat", "voc")),
        ("segmentation", "instances", ("cvat",)),
        ("keypoints", "person_keypoints", ("coco",)),
    ],
)
def test_datumaro__ours_in_and_theirs_out(task: Task, file: str, formats: tuple[str, ...], tmp_path: Path) -> None:
    export = _drawn(task)
    samples = [replace(one, width=640, height=480) for one in export.samples if one.filename in LABELLED]
    if task == "segmentation":  # its masks are those of the sizes drawn
        samples = [one for one in export.samples if one.filename in LABELLED]
    export = replace(export, samples=samples)
    for sample in samples:
        path = tmp_path / "coco" / "images" / "train" / sample.filename
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_content(sample))
    (tmp_path / "coco" / "annotations").mkdir()
    write("coco", export, tmp_path / "coco" / "annotations" / f"{file}_train.json")
    _run("converters", CONVERTERS, "datumaro", tmp_path / "coco", tmp_path / "out", *formats)
    places = {"coco": f"coco/annotations/{file}_train.json", "cvat": "cvat/train.xml", "voc": "voc"}
    for name in formats:
        # Two digits of a pixel are what these formats have.
        _require_near(said(read_labels(tmp_path / "out" / places[name], task=task)), meant(export), 2e-3)


@pytest.mark.parametrize("task", ["classification", "detection"])
def test_datasets__loads_metadata(task: Task, tmp_path: Path) -> None:
    export = _drawn(task)
    for sample in export.samples:
        path = tmp_path / "images" / sample.filename
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_content(sample))
    write("huggingface", export, tmp_path / "images" / "metadata.jsonl")
    rows = json.loads(_run("converters", CONVERTERS, "datasets", tmp_path / "images").splitlines()[-1])
    by_id = {row["sample_id"]: row for row in rows}
    for sample in export.samples:
        row, labels = by_id[sample.sample_id], sample.labels or []
        assert row["image"] == [sample.width, sample.height]
        if task == "classification":
            assert row["label"] == (labels[0]["class"] if labels else None)
        elif labels:
            assert row["objects"]["categories"] == [one["class"] for one in labels]
            assert len(row["objects"]["bbox"]) == len(labels)


def test_fiftyone__imports_the_folder(tmp_path: Path) -> None:
    kinds: dict[Task, str] = {"classification": "Classification", "detection": "Detection"}
    for task, kind in kinds.items():
        export = _drawn(task)
        write("fiftyone", export, tmp_path / task)
        found = json.loads(_run("fiftyone", ["fiftyone==1.22.1"], "fiftyone", tmp_path / task, kind).splitlines()[-1])
        assert found.keys() == set(NAMES)
        for sample in export.samples:
            labels = found[sample.filename]
            if task == "classification":
                assert (labels and labels["label"]) == (sample.labels[0]["class"] if sample.labels else None)
            elif sample.labels:
                assert [one["label"] for one in labels["detections"]] == [one["class"] for one in sample.labels]
                x0, y0, x1, y1 = sample.labels[0]["box"]
                assert labels["detections"][0]["bounding_box"] == pytest.approx([x0, y0, x1 - x0, y1 - y0])

"""The detection formats against `labelformat`, which reads and writes them on its own."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from labelformat.formats import (
    COCOObjectDetectionInput,
    COCOObjectDetectionOutput,
    CVATObjectDetectionInput,
    CVATObjectDetectionOutput,
    PascalVOCObjectDetectionOutput,
    YOLOv8ObjectDetectionInput,
    YOLOv8ObjectDetectionOutput,
)
from labelformat.model.object_detection import ObjectDetectionInput
from PIL import Image

from lightly_ray.data.labels.exporting import Export
from lightly_ray.data.labels.exports import write
from lightly_ray.data.labels.files import read_labels
from tests.data.labels.drawn_labels import CLASSES, drawn, said

NAMES = ("a.jpg", "b c.png", "é.png", "d.jpg", "nothing.jpg", "x.jpg", "y.jpg")


def _export(folder: Path) -> Export:
    """Labelled samples, and their images beside."""
    samples = [replace(one, width=64, height=48) for one in drawn("detection", NAMES).samples][:-2]
    for sample in samples:
        folder.mkdir(exist_ok=True)
        Image.new("RGB", (64, 48)).save(folder / sample.filename)
    return Export(samples, "detection", CLASSES, image=lambda sample: folder / sample.filename)


def _seen(read: ObjectDetectionInput) -> dict[str, list[Any]]:
    """What it has read: class and relative corners of each box."""
    return {
        image.image.filename: [
            (it.category.name, [it.box.xmin / 64, it.box.ymin / 48, it.box.xmax / 64, it.box.ymax / 48])
            for it in image.objects
        ]
        for image in read.get_labels()
    }


def _wanted(export: Export) -> dict[str, Any]:
    return {
        sample.filename: [(it["class"], pytest.approx(it["box"], abs=1e-6)) for it in sample.labels or []]
        for sample in export.samples
    }


def test_write__labelformat_reads_it(tmp_path: Path) -> None:
    export = _export(tmp_path / "images")
    write("coco", export, tmp_path / "coco.json")
    write("cvat", export, tmp_path / "cvat.xml")
    write("yolo", export, tmp_path / "yolo")
    # It knows folders of images, no lists.
    settings = (tmp_path / "yolo" / "data.yaml").read_text().replace("train.txt", "images")
    (tmp_path / "yolo" / "data.yaml").write_text(settings)
    assert _seen(COCOObjectDetectionInput(tmp_path / "coco.json")) == _wanted(export)
    assert _seen(CVATObjectDetectionInput(tmp_path / "cvat.xml")) == _wanted(export)
    assert _seen(YOLOv8ObjectDetectionInput(tmp_path / "yolo" / "data.yaml", "train")) == _wanted(export)


def test_read__what_labelformat_writes(tmp_path: Path) -> None:
    export = _export(tmp_path / "images")
    write("coco", export, tmp_path / "coco.json")
    source = COCOObjectDetectionInput(tmp_path / "coco.json")
    COCOObjectDetectionOutput(tmp_path / "again.json").save(source)
    CVATObjectDetectionOutput(tmp_path / "cvat").save(source)
    PascalVOCObjectDetectionOutput(tmp_path / "voc").save(source)
    YOLOv8ObjectDetectionOutput(tmp_path / "yolo" / "data.yaml", "train").save(source)
    for place in ("again.json", "cvat", "voc", "yolo"):
        found = said(read_labels(tmp_path / place, task="detection"))
        if place == "yolo":  # without the images, the endings are not there
            found = {f"{name}{Path(full).suffix}": found[name] for full in NAMES if (name := Path(full).stem) in found}
        boxes = {name: [(it["class"], it["box"]) for it in them or []] for name, (_, them) in found.items()}
        assert boxes == _wanted(export), place

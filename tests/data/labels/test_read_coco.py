"""COCO's annotation files, worked out by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from lightly_ray.data.labels.files import read_labels
from lightly_ray.errors import InvalidInputError
from tests.data.labels.drawn_labels import said

IMAGES = [{"id": 7, "file_name": "sub/a.jpg", "width": 200, "height": 100, "sample_id": "s1"}]
CATEGORIES = [{"id": 3, "name": "car"}, {"id": 1, "name": "bus"}]
BOX = {"id": 1, "image_id": 7, "category_id": 3, "bbox": [20, 10, 40, 50]}


def _read(folder: Path, annotations: list[dict[str, Any]], *, task: Any = None, **more: Any) -> Any:
    content = {"annotations": annotations, "images": IMAGES, "categories": CATEGORIES, **more}
    (folder / "coco.json").write_text(json.dumps(content))
    return read_labels(folder / "coco.json", task=task)


def test_read__boxes_are_in_pixels(tmp_path: Path) -> None:
    more = [*IMAGES, {"id": 8, "file_name": "empty.jpg"}]
    labels = _read(tmp_path, [BOX], images=more)
    assert labels.classes == ("car", "bus")
    assert labels.table["sample_id"].to_pylist() == ["s1", None]
    assert said(labels) == {
        "sub/a.jpg": (False, [{"class": "car", "box": [0.1, 0.1, 0.3, 0.6]}]),
        "empty.jpg": (False, []),
    }


def test_read__masks_plain_and_compressed(tmp_path: Path) -> None:
    images = [{"id": 7, "file_name": "a", "width": 3, "height": 2}]
    # 3 x 2, down the columns: 0 1 | 1 1 | 0 0; the text is what pycocotools.mask.encode gives for it.
    plain = {**BOX, "segmentation": {"size": [2, 3], "counts": [1, 3, 2]}}
    text = {**BOX, "segmentation": {"size": [2, 3], "counts": "132"}}
    found = said(_read(tmp_path, [plain, text], images=images))
    assert found["a"][1] == [{"class": "car", "mask": {"height": 2, "width": 3, "counts": [1, 3, 2]}}] * 2


def test_read__polygons_and_keypoints(tmp_path: Path) -> None:
    shape = {**BOX, "segmentation": [[0, 0, 100, 0, 100, 50], [20, 20, 40, 20, 40, 40]]}
    found = said(_read(tmp_path, [shape]))
    assert found["sub/a.jpg"][1][0]["polygons"] == [[0, 0, 0.5, 0, 0.5, 0.5], [0.1, 0.2, 0.2, 0.2, 0.2, 0.4]]
    points = {**BOX, "keypoints": [0, 0, 0, 50, 25, 2]}
    assert said(_read(tmp_path, [points]))["sub/a.jpg"][1] == [
        {"class": "car", "box": [0.1, 0.1, 0.3, 0.6], "keypoints": [0, 0, 0, 0.25, 0.25, 2]}
    ]
    assert said(_read(tmp_path, [shape], task="detection"))["sub/a.jpg"][1] == [
        {"class": "car", "box": [0.1, 0.1, 0.3, 0.6]}
    ]


@pytest.mark.parametrize(
    ("annotations", "more", "message"),
    [
        ([{**BOX, "image_id": 9}], {}, "needs image_id and category_id of an image and a category that are there"),
        ([{**BOX, "category_id": [3]}], {}, "needs image_id and category_id"),
        ([{**BOX, "bbox": [20, 10, 400, 50]}], {}, "box of sample 'sub/a.jpg' leaves the image: 2.1"),
        ([{**BOX, "bbox": [20, 10, 40]}], {}, "image 'sub/a.jpg': the annotation .* is broken"),
        ([{**BOX, "bbox": [20, 10, 0, 50]}], {}, "a box of sample 'sub/a.jpg' is empty"),
        ([{**BOX, "segmentation": [[1, 1, 2, 2]]}], {}, "polygon of sample 'sub/a.jpg' has 4 coordinates"),
        ([{**BOX, "segmentation": {"size": [2, 3], "counts": [1, 3]}}], {}, "mask of sample 'sub/a.jpg' are 4 pixels"),
        ([{**BOX, "segmentation": {"size": [2, 3], "counts": "é"}}], {}, "no run lengths in COCO's text form"),
        ([BOX], {"images": [{"id": 7, "file_name": "a"}]}, "image 'a' needs its width and height"),
        ([BOX], {"images": IMAGES * 2}, "the id 7 stands there more than once"),
        ([BOX], {"images": [{"id": 7}]}, "images: needs id and file_name"),
        ([BOX], {"categories": [*CATEGORIES, {"id": 2, "name": "Car"}]}, "'car' and 'Car' differ by case alone"),
        ([{**BOX, "bbox": [float("nan"), 1, 2, 3]}], {}, "box of sample 'sub/a.jpg' leaves the image: nan"),
        ([], {}, "no annotations that tell its task: name the task"),
    ],
)
def test_read__what_is_refused(
    annotations: list[dict[str, Any]], more: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInputError, match=message) as caught:
        _read(tmp_path, annotations, **more)
    assert "coco.json" in str(caught.value)


def test_read__a_file_cut_anywhere(tmp_path: Path) -> None:
    content = json.dumps({"images": IMAGES, "annotations": [BOX], "categories": CATEGORIES})
    for end in range(1, len(content) - 1, 7):
        (tmp_path / "cut.json").write_text(content[:end])
        with pytest.raises(InvalidInputError, match=r"cut\.json"):
            read_labels(tmp_path / "cut.json", format="coco", task="detection")

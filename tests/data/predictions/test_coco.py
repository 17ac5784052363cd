import json
from pathlib import Path
from typing import Any

import pytest

from lightly_ray.data.location import Location
from lightly_ray.data.predictions.coco import read_categories, read_detections, read_keypoints
from lightly_ray.errors import InvalidInputError, NotFoundError

BOXES: list[dict[str, Any]] = [
    {"image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4], "score": 0.5},
    {"image_id": 4, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.25},
    {"image_id": 7, "category_id": 1, "bbox": [5, 6, 7, 8], "score": 1},
]
IMAGES = {"images": [{"id": 4, "file_name": "d.jpg"}, {"id": 9, "file_name": "e.jpg"}, {"id": 7, "file_name": "a.jpg"}]}


def _write(folder: Path, name: str, value: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps(value))
    return path


def test_read_detections__with_the_names_of_an_annotation_file(tmp_path: Path) -> None:
    table = read_detections(
        Location.parse(_write(tmp_path, "boxes.json", BOXES)), Location.parse(_write(tmp_path, "images.json", IMAGES))
    )
    assert table.to_pydict() == {
        "filename": ["d.jpg", "e.jpg", "a.jpg"],
        "scores": [[0.25], [], [0.5, 1.0]],
        "labels": [[1], [], [3, 1]],
    }


def test_read_detections__ids_are_names_where_there_are_no_others(tmp_path: Path) -> None:
    table = read_detections(Location.parse(_write(tmp_path, "boxes.json", BOXES)))
    assert table.to_pydict() == {"filename": ["7", "4"], "scores": [[0.5, 1.0], [0.25]], "labels": [[3, 1], [1]]}


def test_read_detections__boxes_where_the_size_of_every_image_is_known(tmp_path: Path) -> None:
    sized = {"images": [one | {"width": 10, "height": 20} for one in IMAGES["images"]]}
    boxes = _write(tmp_path, "boxes.json", BOXES)
    table = read_detections(boxes, _write(tmp_path, "images.json", sized))
    assert table["boxes"].to_pylist() == [
        [[0.1, 0.1, 0.4, 0.3]],
        [],
        [[0.1, 0.1, 0.4, 0.3], [0.5, 0.3, 1.2, 0.7]],
    ]
    del sized["images"][1]["width"]
    assert "boxes" not in read_detections(boxes, _write(tmp_path, "images.json", sized)).column_names


def test_read_detections__a_box_that_is_none(tmp_path: Path) -> None:
    sized = {"images": [one | {"width": 10, "height": 20} for one in IMAGES["images"]]}
    boxes = _write(tmp_path, "boxes.json", [BOXES[0], BOXES[1] | {"bbox": [1, 2, 3]}])
    with pytest.raises(InvalidInputError, match="entry 1 of"):
        read_detections(boxes, _write(tmp_path, "images.json", sized))


def test_read_categories__by_id(tmp_path: Path) -> None:
    categories = {"categories": [{"id": 3, "name": "cat"}, {"id": 1, "name": "car"}]}
    assert read_categories(_write(tmp_path, "images.json", IMAGES | categories)) == {3: "cat", 1: "car"}
    assert read_categories(_write(tmp_path, "images.json", IMAGES)) == {}
    with pytest.raises(InvalidInputError, match="no COCO annotation file with categories"):
        read_categories(_write(tmp_path, "images.json", {"categories": [{"id": 3}]}))


def test_read_detections__nothing_found(tmp_path: Path) -> None:
    nothing = _write(tmp_path, "boxes.json", [])
    assert read_detections(Location.parse(nothing)).num_rows == 0
    assert read_detections(Location.parse(nothing), Location.parse(_write(tmp_path, "images.json", IMAGES)))[
        "scores"
    ].to_pylist() == [[], [], []]


def test_read_keypoints__groups_instances_by_image(tmp_path: Path) -> None:
    entries = [
        {"image_id": 7, "category_id": 1, "keypoints": [1, 2, 0.5], "score": 0.5},
        {"image_id": 4, "category_id": 1, "keypoints": [], "score": 0.5},
        {"image_id": 7, "category_id": 1, "keypoints": [3, 4, 0.25, 5, 6, 1], "score": 0.5},
    ]
    table = read_keypoints(
        Location.parse(_write(tmp_path, "points.json", entries)),
        Location.parse(_write(tmp_path, "images.json", IMAGES)),
    )
    assert table.to_pydict() == {
        "filename": ["d.jpg", "e.jpg", "a.jpg"],
        "keypoints": [[[]], [], [[1, 2, 0.5], [3, 4, 0.25, 5, 6, 1]]],
    }


@pytest.mark.parametrize(
    "entry",
    [
        {"image_id": 7, "score": 0.5},
        {"category_id": 1, "score": 0.5},
        {"image_id": 7, "category_id": "cat", "score": 0.5},
        {"image_id": 7, "category_id": 1, "score": "high"},
        {"image_id": 7, "category_id": 1.5, "score": 0.5},
        {"image_id": [], "category_id": 1, "score": 0.5},
        {"image_id": 7, "category_id": 1 << 70, "score": 0.5},
    ],
)
def test_read_detections__an_entry_that_is_wrong(entry: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"entry 1 of '.*boxes.json' needs image_id, category_id and score"):
        read_detections(Location.parse(_write(tmp_path, "boxes.json", [BOXES[0], entry])))


@pytest.mark.parametrize("keypoints", [None, 5, ["a"], "abc"])
def test_read_keypoints__an_entry_that_is_wrong(keypoints: Any, tmp_path: Path) -> None:
    entry = {"image_id": 7, "keypoints": keypoints}
    with pytest.raises(InvalidInputError, match=r"entry 0 of .* needs image_id and keypoints"):
        read_keypoints(Location.parse(_write(tmp_path, "points.json", [entry])))


def test_read_detections__an_image_that_the_annotations_do_not_know(tmp_path: Path) -> None:
    images = _write(tmp_path, "images.json", {"images": IMAGES["images"][:2]})
    with pytest.raises(InvalidInputError, match="image_id 7 is not among the images"):
        read_detections(Location.parse(_write(tmp_path, "boxes.json", BOXES)), Location.parse(images))


@pytest.mark.parametrize("content", ["[]", "{}", '{"images": [{"id": 1}]}', "nonsense"])
def test_read_detections__what_is_no_annotation_file(content: str, tmp_path: Path) -> None:
    (tmp_path / "images.json").write_text(content)
    with pytest.raises(InvalidInputError, match="is no COCO annotation file"):
        read_detections(Location.parse(_write(tmp_path, "boxes.json", BOXES)), Location.parse(tmp_path / "images.json"))


def test_read_detections__absent_annotations(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no file"):
        read_detections(Location.parse(_write(tmp_path, "boxes.json", BOXES)), Location.parse(tmp_path / "images.json"))


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"id": 4, "file_name": "x.jpg"}, r"images\.json' gives the id 4 to two images, 'd\.jpg' and 'x\.jpg'"),
        ({"id": 5, "file_name": "d.jpg"}, r"images\.json' has 'd\.jpg' twice, with ids 4 and 5"),
    ],
)
@pytest.mark.parametrize("read", [read_detections, read_keypoints])
def test_read__two_exports_put_together(tmp_path: Path, read: Any, second: dict[str, Any], message: str) -> None:
    images = {"images": [*IMAGES["images"], second]}
    with pytest.raises(InvalidInputError, match=message):
        read(_write(tmp_path, "boxes.json", []), _write(tmp_path, "images.json", images))


def test_read_detections__byte_order_marks(tmp_path: Path) -> None:
    boxes, images = tmp_path / "boxes.json", tmp_path / "images.json"
    boxes.write_text("\ufeff" + json.dumps(BOXES), encoding="utf-8")
    images.write_text("\ufeff" + json.dumps(IMAGES), encoding="utf-8")
    assert read_detections(boxes, images)["filename"].to_pylist() == ["d.jpg", "e.jpg", "a.jpg"]

"""YOLO folders as the tools lay them out, worked out by hand."""

from pathlib import Path

import pytest

from lightly_ray.data.labels.files import read_labels
from lightly_ray.errors import InvalidInputError
from tests.data.labels.drawn_labels import said

YAML = "path: /content/set\ntrain: images/train\nval: images/val\nnames:\n  0: car\n  1: bus\n"


def _folder(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_read__ultralytics_with_images(tmp_path: Path) -> None:
    files = {
        "data.yaml": YAML,
        "images/train/sub/a b.jpg": "",
        "labels/train/sub/a b.txt": "1 0.5 0.5 0.2 0.4\n",
        "images/val/b.png": "",
        "labels/val/b.txt": "",
        "images/val/c.png": "",
        "README.txt": "about it",
    }
    labels = read_labels(_folder(tmp_path, files))
    assert labels.classes == ("car", "bus")
    assert said(labels) == {
        "sub/a b.jpg": (False, [{"class": "bus", "box": [0.4, 0.3, 0.6, 0.7]}]),
        "b.png": (False, []),
        "c.png": (False, None),
    }
    assert said(read_labels(tmp_path / "data.yaml")) == said(labels)


def test_read__roboflow_and_a_list_of_images(tmp_path: Path) -> None:
    yaml = "train: ../train/images\nval: ../valid/images\nnc: 1\nnames: ['car']\n"
    files = {"data.yaml": yaml, "train/images/a.jpg": "", "train/labels/a.txt": "0 0.5 0.5 0.2 0.4"}
    assert list(said(read_labels(_folder(tmp_path / "roboflow", files)))) == ["a.jpg"]
    files = {
        "data.yaml": "path: .\ntrain: train.txt\nnames: {0: car}\n",
        "train.txt": "data/images/train/a.jpg\ndata/images/train/sub/a.png\n",
        "labels/train/a.txt": "0 0.5 0.5 0.2 0.4",
    }
    found = said(read_labels(_folder(tmp_path / "cvat", files)))
    assert {name: them and len(them) for name, (_, them) in found.items()} == {"a.jpg": 1, "sub/a.png": None}


def test_read__label_studio_without_images(tmp_path: Path) -> None:
    files = {"classes.txt": "car\nbus\n", "labels/0123abcd__a.txt": "1 0.1 0.1 0.3 0.1 0.3 0.3", "notes.json": "{}"}
    assert said(read_labels(_folder(tmp_path, files))) == {
        "a": (False, [{"class": "bus", "polygons": [[0.1, 0.1, 0.3, 0.1, 0.3, 0.3]]}])
    }


def test_read__poses_with_and_without_visibility(tmp_path: Path) -> None:
    for dimensions, values in ((3, "0.4 0.4 1 0 0 0"), (2, "0.4 0.4 0 0")):
        yaml = f"{YAML}kpt_shape: [2, {dimensions}]\n"
        files = {"data.yaml": yaml, "images/train/a.jpg": "", "labels/train/a.txt": f"0 0.5 0.5 0.2 0.4 {values}"}
        found = said(read_labels(_folder(tmp_path, files)))
        seen = 1.0 if dimensions == 3 else 2.0
        box = [0.4, 0.3, 0.6, 0.7]
        assert found == {"a.jpg": (False, [{"class": "car", "box": box, "keypoints": [0.4, 0.4, seen, 0, 0, 0]}])}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 0.5 0.5 0.2", "line 1 of .*a.txt' has 3 numbers behind its class"),
        ("0 0.5 0.5 0.2 x", "must be numbers, got '0 0.5 0.5 0.2 x'"),
        ("7 0.5 0.5 0.2 0.4", "the class 7 is not among the names"),
        ("0.5 0.5 0.5 0.2 0.4", "the class 0.5 is not among the names"),
        ("0 0.9 0.5 0.4 0.4", "box of sample 'a.jpg' leaves the image: 1.1"),
        ("0 0.9 0.5 0 0.4", "a box of sample 'a.jpg' is empty"),
    ],
)
def test_read__what_is_refused(line: str, message: str, tmp_path: Path) -> None:
    files = {"data.yaml": YAML, "images/train/a.jpg": "", "labels/train/a.txt": line}
    with pytest.raises(InvalidInputError, match=message):
        read_labels(_folder(tmp_path, files))


def test_read__settings_and_names_that_collide(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"must have data.yaml or classes.txt"):
        read_labels(_folder(tmp_path, {"labels/a.txt": ""}), format="yolo")
    with pytest.raises(InvalidInputError, match=r"data.yaml' must have `names`"):
        read_labels(_folder(tmp_path, {"data.yaml": "names: ["}))
    laughs = "a: &a [x, x]\nb: &b [*a, *a]\nnames: [*b]\n"
    with pytest.raises(InvalidInputError, match="a text or a number must stand where there is a list"):
        read_labels(_folder(tmp_path, {"data.yaml": laughs}))
    files = {"data.yaml": YAML, "images/train/a.jpg": "", "images/train/a.png": ""}
    with pytest.raises(InvalidInputError, match=r"a.jpg' and .*a.png' would have their labels in one file"):
        read_labels(_folder(tmp_path, files))

"""Pascal VOC, folders of classes and Hugging Face's metadata, worked out by hand."""

import json
from pathlib import Path

import pytest
from PIL import Image

from lightly_ray.data.labels.files import read_labels
from lightly_ray.errors import InvalidInputError, UnreadableError
from tests.data.labels.drawn_labels import said

VOC = (
    "<annotation><folder>x</folder><filename>{name}</filename><size><width>200</width><height>100</height>"
    "<depth>3</depth></size>{objects}</annotation>"
)
OBJECT = (
    "<object><name>car</name><bndbox><xmin>20</xmin><ymin>10</ymin><xmax>60</xmax><ymax>{bottom}</ymax></bndbox>"
    "<part><name>wheel</name></part></object>"
)
SIZELESS = f"<annotation><filename>a.jpg</filename>{OBJECT.format(bottom=60)}</annotation>"


def test_read_voc__files_at_any_depth(tmp_path: Path) -> None:
    (tmp_path / "Annotations" / "sub").mkdir(parents=True)
    (tmp_path / "Annotations" / "a.xml").write_text(VOC.format(name="a.jpg", objects=OBJECT.format(bottom=60)))
    (tmp_path / "Annotations" / "sub" / "a.xml").write_text(VOC.format(name="sub/a.jpg", objects=""))
    (tmp_path / "Annotations" / "sub" / "b.xml").write_text(VOC.format(name="b.jpg", objects=""))
    wanted = {
        "a.jpg": (False, [{"class": "car", "box": [0.1, 0.1, 0.3, 0.6]}]),
        "sub/a.jpg": (False, []),
        "sub/b.jpg": (False, []),
    }
    assert said(read_labels(tmp_path)) == wanted
    assert said(read_labels(tmp_path / "Annotations" / "a.xml")) == {"a.jpg": wanted["a.jpg"]}


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (VOC.format(name="a.jpg", objects=OBJECT.format(bottom=600)), InvalidInputError, "'a.jpg' leaves the image: 6"),
        (
            VOC.format(name="a.jpg", objects=OBJECT.format(bottom="")),
            InvalidInputError,
            "ymax must be a number, got ''",
        ),
        (VOC.format(name="", objects=""), InvalidInputError, "a.xml' has no <filename>"),
        (VOC.format(name="a.jpg", objects="<object/>"), InvalidInputError, "an object has no <bndbox>"),
        (VOC.format(name="a.jpg", objects=OBJECT)[:-30], UnreadableError, "a.xml' as XML"),
        (SIZELESS, InvalidInputError, "image 'a.jpg' needs its width"),
    ],
)
def test_read_voc__what_is_refused(text: str, kind: type[Exception], message: str, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(kind, match=message):
        read_labels(tmp_path)


def test_read_imagefolder__names_below_their_class(tmp_path: Path) -> None:
    for name in ("cat/a.jpg", "dog/sub/a.jpg", "dog/b.PNG", "dog/.hidden.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert said(read_labels(tmp_path)) == {
        "a.jpg": (False, [{"class": "cat"}]),
        "sub/a.jpg": (False, [{"class": "dog"}]),
        "b.PNG": (False, [{"class": "dog"}]),
    }
    (tmp_path / "dog" / "a.jpg").touch()
    with pytest.raises(InvalidInputError, match=r"'cat/a.jpg' and 'dog/a.jpg' are one image of two classes"):
        read_labels(tmp_path)
    (tmp_path / "c.jpg").touch()
    with pytest.raises(InvalidInputError, match=r"the image 'c.jpg' lies in no folder of a class"):
        read_labels(tmp_path)


def _metadata(folder: Path, *lines: object) -> Path:
    (folder / "metadata.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return folder


def test_read_huggingface__labels_and_lists_of_them(tmp_path: Path) -> None:
    lines = [{"file_name": "a.jpg", "label": 3}, {"file_name": "b.jpg", "label": ["x", "y"]}, {"file_name": "c.jpg"}]
    found = said(read_labels(_metadata(tmp_path, *lines)))
    assert found == {
        "a.jpg": (False, [{"class": "3"}]),
        "b.jpg": (False, [{"class": "x"}, {"class": "y"}]),
        "c.jpg": (False, None),
    }
    assert said(read_labels(tmp_path / "metadata.jsonl")) == found
    (tmp_path / "metadata.jsonl").unlink()
    (tmp_path / "metadata.csv").write_text("file_name,label\na.jpg,x\n")
    assert said(read_labels(tmp_path)) == {"a.jpg": (False, [{"class": "x"}])}


def test_read_huggingface__objects_of_images_beside(tmp_path: Path) -> None:
    Image.new("RGB", (200, 100)).save(tmp_path / "a.png")
    objects = {"bbox": [[20, 10, 40, 50]], "categories": ["car"]}
    several = [{"bbox": [20, 10, 40, 50], "category": 0}]
    lines = [
        {"file_name": "a.png", "objects": objects},
        {"file_name": "b.png", "objects": several, "width": 100, "height": 100},
        {"file_name": "c.png", "objects": {"bbox": [], "categories": []}},
    ]
    assert said(read_labels(_metadata(tmp_path, *lines))) == {
        "a.png": (False, [{"class": "car", "box": [0.1, 0.1, 0.3, 0.6]}]),
        "b.png": (False, [{"class": "0", "box": [0.2, 0.1, 0.6, 0.6]}]),
        "c.png": (False, []),
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"label": "x"}, "line 1 of .*metadata.jsonl' has no file_name"),
        ([1], "line 1 of .*metadata.jsonl' must be an object"),
        ({"file_name": "a", "objects": {"bbox": [[1, 2]], "categories": []}}, "objects have 0 categories, but other"),
        (
            {"file_name": "a", "objects": {"bbox": [[1, 2]], "categories": ["x"]}},
            "image 'a' needs its width and height",
        ),
        (
            {"file_name": "../a", "objects": {"bbox": [[1, 2, 3, 4]], "categories": ["x"]}},
            "image '../a' needs its width",
        ),
        ({"file_name": "a", "width": 9, "height": 9, "objects": {"bbox": [[1, 2]], "label": ["x"]}}, "are broken"),
    ],
)
def test_read_huggingface__what_is_refused(line: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=message):
        read_labels(_metadata(tmp_path, line), format="huggingface")


def test_read_huggingface__an_image_beside_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("no image")
    line = {"file_name": "a", "objects": {"bbox": [[1, 2, 3, 4]], "categories": ["x"]}}
    with pytest.raises(InvalidInputError, match=r"image 'a' has no width and height, and .*a' cannot be read"):
        read_labels(_metadata(tmp_path, line))


def test_read_huggingface__half_a_file(tmp_path: Path) -> None:
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "a", "label": "x"}\n{"file_name": "b", "la')
    with pytest.raises(InvalidInputError, match=r"line 2 of .*metadata.jsonl' is no JSON"):
        read_labels(tmp_path)

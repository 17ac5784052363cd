"""CVAT's XML, worked out by hand."""

from pathlib import Path
from typing import Any

import pytest

from lightly_ray.data.labels.files import read_labels
from lightly_ray.errors import InvalidInputError, UnreadableError
from tests.data.labels.drawn_labels import said

META = """<version>1.1</version><meta><job><labels>
<label><name>person</name><type>skeleton</type></label>
<label><name>nose</name><type>points</type><parent>person</parent></label>
<label><name>ear</name><type>points</type><parent>person</parent></label>
<label><name>car</name></label></labels></job></meta>"""


def _read(folder: Path, shapes: str, *, task: Any = None, image: str = 'width="200" height="100"') -> Any:
    text = f'<annotations>{META}<image id="0" name="sub/a.jpg" {image}>{shapes}</image></annotations>'
    (folder / "annotations.xml").write_text(f'<?xml version="1.0" encoding="utf-8"?>\n{text}')
    return read_labels(folder / "annotations.xml", task=task)


@pytest.mark.parametrize(
    ("shape", "annotation"),
    [
        ('<box label="car" xtl="20" ytl="10" xbr="60" ybr="60"/>', {"class": "car", "box": [0.1, 0.1, 0.3, 0.6]}),
        (
            '<polygon label="car" points="0,0;100.00,0;100,50"/>',
            {"class": "car", "polygons": [[0, 0, 0.5, 0, 0.5, 0.5]]},
        ),
        (
            '<polygon label="car" group_id="4" points="0,0;100,0;100,50"/>'
            '<polygon label="car" group_id="4" points="0,0;50,0;50,50"/>',
            {"class": "car", "polygons": [[0, 0, 0.5, 0, 0.5, 0.5], [0, 0, 0.25, 0, 0.25, 0.5]]},
        ),
        (
            '<points label="car" occluded="1" points="20,10;40,20"/>',
            {"class": "car", "keypoints": [0.1, 0.1, 1, 0.2, 0.2, 1]},
        ),
        (
            '<skeleton label="person"><points label="ear" outside="1" points="1,1"/>'
            '<points label="nose" occluded="1" points="20,10"/></skeleton>',
            {"class": "person", "keypoints": [0.1, 0.1, 1, 0, 0, 0]},
        ),
        ('<tag label="car"/>', {"class": "car"}),
    ],
)
def test_read__by_hand(shape: str, annotation: dict[str, Any], tmp_path: Path) -> None:
    labels = _read(tmp_path, shape)
    assert labels.classes == ("person", "car")
    assert said(labels) == {"sub/a.jpg": (False, [annotation])}


def test_read__a_mask_lies_in_its_image(tmp_path: Path) -> None:
    # 2 x 2 pixels at column 1, row 0: set but for the upper right.
    labels = _read(
        tmp_path,
        '<mask label="car" rle="0, 1, 1, 2" left="1" top="0" width="2" height="2"/>',
        image='width="4" height="3"',
    )
    # Down the columns of 4 x 3: 000 110 010 000
    assert said(labels)["sub/a.jpg"][1] == [
        {"class": "car", "mask": {"height": 3, "width": 4, "counts": [3, 2, 2, 1, 4]}}
    ]


def test_read__nothing_drawn(tmp_path: Path) -> None:
    assert said(_read(tmp_path, "", task="detection")) == {"sub/a.jpg": (False, [])}
    assert said(_read(tmp_path, '<box label="car" outside="1"/>', task="detection")) == {"sub/a.jpg": (False, [])}
    assert said(_read(tmp_path, "", task="classification")) == {"sub/a.jpg": (False, None)}


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ('<box label="car" xtl="20" ytl="10" xbr="600" ybr="60"/>', "box of sample 'sub/a.jpg' leaves the image: 3"),
        ('<box label="car" xtl="20" ytl="10" xbr="60"/>', "image 'sub/a.jpg': a box has no ybr"),
        ('<box label="car" xtl="20" ytl="10" xbr="60" ybr="x"/>', "ybr of a box must be a number, got 'x'"),
        ('<box label="car" rotation="30" xtl="20" ytl="10" xbr="60" ybr="60"/>', "a box is rotated"),
        ('<box xtl="20" ytl="10" xbr="60" ybr="60"/>', "a box has no label"),
        ('<polygon label="car" points="0,0;1,1"/>', "'sub/a.jpg' has 4 coordinates"),
        ('<polygon label="car" points="0,0;1;2,2"/>', "points of a polygon must be x,y"),
        ('<cuboid label="car"/>', "a shape of the kind 'cuboid'"),
        ('<mask label="car" rle="0, 5" left="1" top="0" width="2" height="2"/>', "5 pixels long, they must be 4"),
        ('<mask label="car" rle="4" left="199" top="0" width="2" height="2"/>', "leaves the image"),
    ],
)
def test_read__what_is_refused(shape: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=message):
        _read(tmp_path, shape)
    with pytest.raises(InvalidInputError, match=r"image 'sub/a.jpg' needs its width and height"):
        _read(tmp_path, '<box label="car" xtl="20" ytl="10" xbr="60" ybr="60"/>', image="")


def test_read__half_a_file_and_hostile_ones(tmp_path: Path) -> None:
    (tmp_path / "half.xml").write_text(f'<annotations>{META}<image id="0" name="a"')
    with pytest.raises(UnreadableError, match=r"half.xml' as XML: unclosed token"):
        read_labels(tmp_path / "half.xml")
    entities = '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">'
    (tmp_path / "laughs.xml").write_text(f"<!DOCTYPE x [{entities}]><annotations><image>&b;</image></annotations>")
    with pytest.raises(InvalidInputError, match=r"laughs.xml' declares a document type"):
        read_labels(tmp_path / "laughs.xml")
    (tmp_path / "other.xml").write_text("<svg/>")
    with pytest.raises(InvalidInputError, match="is of no format that is known"):
        read_labels(tmp_path / "other.xml")
    (tmp_path / "video.xml").write_text("<annotations><track/></annotations>")
    with pytest.raises(InvalidInputError, match="tracks of a video"):
        read_labels(tmp_path / "video.xml")
    (tmp_path / "long.xml").write_text(f"<annotations><meta>{'x' * (1 << 20)}y</meta></annotations>")
    with pytest.raises(InvalidInputError, match="the text of a <meta> is over 1,048,576 long"):
        read_labels(tmp_path / "long.xml")
    (tmp_path / "code.xml").write_text('<?xml version="1.0" encoding="utf-99"?><annotations/>')
    with pytest.raises(UnreadableError, match="as XML: unknown encoding"):
        read_labels(tmp_path / "code.xml")

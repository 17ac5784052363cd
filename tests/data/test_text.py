"""Small text files: marks, line ends, encodings, names that look alike."""

import unicodedata
from pathlib import Path

import pyarrow as pa
import pytest

from lightly_ray.data.location import Location
from lightly_ray.data.text import read_names, read_text, unicode_hint
from lightly_ray.errors import InvalidInputError, NotFoundError


def _written(path: Path, content: bytes) -> Location:
    path.write_bytes(content)
    return Location.parse(path)


def test_read_names__mark_line_ends_and_empty_lines(tmp_path: Path) -> None:
    content = "\ufeffa.jpg\r\n\r\nküche 1.jpg \nb\u2028c.jpg\rd.jpg".encode()
    assert read_names(_written(tmp_path / "x", content)) == ["a.jpg", "küche 1.jpg", "b\u2028c.jpg", "d.jpg"]


def test_read_names__twice_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"has the name 'b\.jpg' more than once"):
        read_names(_written(tmp_path / "x", b"a.jpg\nb.jpg\nb.jpg\n"))


def test_read_text__other_encodings_are_named(tmp_path: Path) -> None:
    for content in ("küche".encode("latin-1"), "a.jpg".encode("utf-16")):
        with pytest.raises(InvalidInputError, match=r"x' is no UTF-8 text"):
            read_text(_written(tmp_path / "x", content))
    with pytest.raises(NotFoundError, match="there is no file"):
        read_text(Location.parse(tmp_path / "absent"))


def test_unicode_hint__only_where_a_name_is_the_same_to_the_eye() -> None:
    composed, split = (unicodedata.normalize(form, "café.jpg") for form in ("NFC", "NFD"))
    assert "Unicode form alone" in unicode_hint(composed, pa.array(["x", split]))
    assert not unicode_hint(composed, pa.array(["x", composed]))

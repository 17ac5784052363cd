import gzip
import json
from pathlib import Path

import pytest

from lightly_ray.data import json_list
from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError, NotFoundError


@pytest.mark.parametrize("chunk", [1, 2, 7, 64, 1 << 20])
def test_read_objects__wherever_a_chunk_ends(chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_list, "_CHUNK", chunk)
    entries = [{"a": 1.5, "b": 'x, ] [ " é'}, {}, {"c": [1, {"d": None}]}]
    (tmp_path / "list.json").write_text(" \n" + json.dumps(entries, indent=2, ensure_ascii=False) + "\n", "utf-8")
    assert list(json_list.read_objects(Location.parse(tmp_path / "list.json"))) == entries


def test_read_objects__nothing_and_compressed(tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text("[ ]")
    (tmp_path / "list.json.gz").write_bytes(gzip.compress(b'[{"a": 1}]'))
    assert list(json_list.read_objects(Location.parse(tmp_path / "empty.json"))) == []
    assert list(json_list.read_objects(Location.parse(tmp_path / "list.json.gz"))) == [{"a": 1}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be a JSON list of objects"),
        ('{"a": 1}', "must be a JSON list of objects, it begins with '{"),
        ('[{"a": 1}, {"a":', "is broken at entry 1"),
        ('[{"a": 1}', "is broken behind entry 0: expected , or ], got ''"),
        ('[{"a": 1}{"a": 2}]', "is broken behind entry 0: expected , or ], got '{"),
        ('[{"a": 1},,{"a": 2}]', "is broken at entry 1"),
        ('[,{"a": 1}]', "is broken at entry 0"),
        ('[{"a": 1},]', "is broken at entry 1"),
        ('[{"a": 1}] [{"a": 2}]', r"goes on behind its list, with '\["),
        ('[{"a": 1}, nonsense]', "is broken at entry 1"),
        ('[{"a": 1}, 12]', "entry 1 of .* must be an object, got 12"),
    ],
)
def test_read_objects__what_is_no_list_of_objects(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(text)
    with pytest.raises(InvalidInputError, match=message):
        list(json_list.read_objects(Location.parse(tmp_path / "list.json")))


def test_read_objects__other_encodings_and_absent_files(tmp_path: Path) -> None:
    (tmp_path / "latin.json").write_bytes(b'[{"a": "\xe9"}]')
    with pytest.raises(InvalidInputError, match="is no UTF-8 text"):
        list(json_list.read_objects(Location.parse(tmp_path / "latin.json")))
    with pytest.raises(NotFoundError, match="there is no file"):
        list(json_list.read_objects(Location.parse(tmp_path / "absent.json")))


@pytest.mark.parametrize("chunk", [1, 2, 7, 64, 1 << 20])
def test_read_lists__wherever_a_chunk_ends(chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_list, "_CHUNK", chunk)
    content = {"a": 123456.5, "b": [{"x": 1}, {"y": [2]}], "c": {"b": [3]}, "d": [], "e": [4], "f": None, "g": -17}
    (tmp_path / "object.json").write_text(f" {json.dumps(content, indent=1)}\n")
    found = list(json_list.read_lists(Location.parse(tmp_path / "object.json"), ("d", "b")))
    assert found == [("b", {"x": 1}), ("b", {"y": [2]})]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", r"must be a JSON object, it begins with '\["),
        ('{"b": [{}', r"b' is broken behind entry 0: expected , or \]"),
        ('{"b": [1]}', "entry 0 of .*b' must be an object, got 1"),
        ('{"b" [1]}', "is broken at the key 'b'"),
        ("{1: 2}", "is broken at the key 1"),
        ('{"a": 1 "b": 2}', r"is broken behind 'a': expected , or \}"),
        ('{"a": nonsense}', "is broken at 'a'"),
        ('{"a": 1} 2', "goes on behind its object, with '2'"),
        ('{"a": ' + "[" * 100_000, "too many brackets within each other"),
    ],
)
def test_read_lists__what_is_no_object(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "object.json").write_text(text)
    with pytest.raises(InvalidInputError, match=message):
        list(json_list.read_lists(Location.parse(tmp_path / "object.json"), ("b",)))

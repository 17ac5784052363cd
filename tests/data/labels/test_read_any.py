"""Which format a file is of, archives, and what is too large or hostile."""

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from lightly_ray.data.labels import files, unzipped
from lightly_ray.data.labels.exporting import Export, Sample
from lightly_ray.data.labels.exports import stream
from lightly_ray.data.labels.files import FORMATS, read_labels
from lightly_ray.errors import InvalidInputError, NotFoundError, TooLargeError, UnreadableError
from tests.data.labels.drawn_labels import said

CAT = {"a.jpg": (False, [{"class": "cat"}])}


def _zip(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("wrapped", ["", "export/"])
def test_read_labels__archives_stand_for_their_folder(wrapped: str, tmp_path: Path) -> None:
    yolo = {"data.yaml": b"train: images\nnames: [cat]", "images/a.jpg": b"x", "labels/a.txt": b"0 0.5 0.5 1 1"}
    boxed = {"a.jpg": (False, [{"class": "cat", "box": [0, 0, 1, 1]}])}
    cases: list[tuple[dict[str, bytes], object]] = [
        ({"annotations.xml": b'<annotations><image name="a.jpg"><tag label="cat"/></image></annotations>'}, CAT),
        ({"labels.csv": b"filename,label\na.jpg,cat\n", "images/b.jpg": b""}, CAT),
        ({"cat/a.jpg": b"", "__MACOSX/cat/._a.jpg": b""}, CAT),
        (yolo, boxed),
    ]
    for number, (entries, wanted) in enumerate(cases):
        named = {wrapped + name: content for name, content in entries.items()}
        assert said(read_labels(_zip(tmp_path / f"{number}.zip", named))) == wanted


def test_read_labels__hostile_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("../a.csv", "/a.csv", "x/../../a.csv", "c:\\a.csv"):
        with pytest.raises(InvalidInputError, match="leads out of its folder"):
            read_labels(_zip(tmp_path / "a.zip", {name: b"filename,label\na,b\n"}))
    assert not (tmp_path.parent / "a.csv").exists()
    monkeypatch.setattr(files, "MOST_BYTES", 100_000)
    bomb = _zip(tmp_path / "bomb.zip", {"a.csv": b"filename,label\n" + b"a" * 200_000})
    assert bomb.stat().st_size < 1_000
    with pytest.raises(TooLargeError, match=r"bomb.zip' unpacks to 200,015 bytes of labels, at most 100,000"):
        read_labels(bomb)
    # One that lies about its size: the number stands in the directory at the end, before the name.
    content = bytearray(bomb.read_bytes())
    at = content.rindex(b"PK\x01\x02") + 24
    content[at : at + 4] = (50).to_bytes(4, "little")
    bomb.write_bytes(content)
    with pytest.raises(UnreadableError, match=r"bomb.zip' as ZIP"):
        read_labels(bomb)
    monkeypatch.setattr(unzipped, "MOST_FILES", 1)
    with pytest.raises(TooLargeError, match="has 2 files, at most 1"):
        read_labels(_zip(tmp_path / "two.zip", {"a.csv": b"", "b.csv": b""}))
    (tmp_path / "half.zip").write_bytes(_zip(tmp_path / "a.zip", {"a.csv": b"filename,label\na,b\n"}).read_bytes()[:60])
    with pytest.raises(UnreadableError, match=r"half.zip' as ZIP"):
        read_labels(tmp_path / "half.zip")


def test_read_labels__too_large_is_said_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(2 << 30)  # 2 GB that take no room: whoever read them would find no JSON
    with pytest.raises(TooLargeError, match=r"huge.json' has 2,147,483,648 bytes of labels, at most 1,073,741,824"):
        read_labels(tmp_path / "huge.json")
    with pytest.raises(TooLargeError, match="has 2,147,483,648 bytes of labels"):
        read_labels(tmp_path)


def test_read_labels__what_cannot_be_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no file or folder"):
        read_labels(tmp_path / "absent.json")
    with pytest.raises(InvalidInputError, match=f"unknown format 'txt', it must be one of {', '.join(FORMATS)}"):
        read_labels(tmp_path, format="txt")
    with pytest.raises(InvalidInputError, match="unknown task 'boxes'"):
        read_labels(tmp_path, task="boxes")  # type: ignore[arg-type]  # what a user may write
    for content in (b"", b"\x00\x01\x02"):
        (tmp_path / "what").write_bytes(content)
        with pytest.raises(InvalidInputError, match=r"what' is of no format that is known"):
            read_labels(tmp_path / "what")
    (tmp_path / "a.json.gz").write_bytes(b"x")
    with pytest.raises(InvalidInputError, match="is packed: unpack it first"):
        read_labels(tmp_path / "a.json.gz")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "notes.txt").touch()
    with pytest.raises(InvalidInputError, match="is of no format that is known"):
        read_labels(tmp_path / "photos")
    (tmp_path / "photos" / "more.json").touch()
    with pytest.raises(InvalidInputError, match="has 2 files of labels: name the one to read as coco"):
        read_labels(tmp_path / "photos", format="coco")


def test_read_labels__a_name_takes_precedence_over_content(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("filename,label\na.jpg,cat\n")
    assert said(read_labels(tmp_path / "x.csv", format="csv")) == CAT
    with pytest.raises(InvalidInputError, match="must be a JSON object"):
        read_labels(tmp_path / "x.csv", format="coco")


@pytest.mark.full
def test_read_labels__3068_names_of_all_kinds_come_back(tmp_path: Path) -> None:
    """Sub-folders, equal base names, spaces, Unicode in both forms, and the same name but for its ending."""
    words = ("a", "a b", "é", "e\u0301", "日本", "ß", "a,b", "'a'", "=a", "a.b", "#1", "x%20y", "50%")
    names = [
        f"{folder}{word}{number:03}{ending}"
        for number in range(30)
        for folder in ("", "sub/", "sub/deep er/", "ünter/")
        for word in words
        for ending in (".jpg", ".PNG")
    ][:3068]
    assert len(set(names)) == 3068
    samples = [
        Sample(f"id{number}", name, f"https://x/{number}/{name.rpartition('/')[2]}", 10, 20, labels=[_box(number)])
        for number, name in enumerate(names)
    ]
    export = Export(samples, "detection", ("odd", "even"))
    for name, ending in (("csv", "csv"), ("label-studio", "json"), ("cvat", "xml"), ("coco", "json"), ("yolo", "zip")):
        path = tmp_path / f"{name}.{ending}"
        path.write_bytes(b"".join(stream(name, export)))
        found = said(read_labels(path))
        assert found == {sample.filename: (False, list(sample.labels or [])) for sample in samples}, name
    pixels = replace(export, task="classification", image=lambda _sample: b"")
    pixels = replace(pixels, samples=[replace(one, labels=[{"class": "odd"}]) for one in samples])
    (tmp_path / "classes.zip").write_bytes(b"".join(stream("imagefolder", pixels)))
    assert list(said(read_labels(tmp_path / "classes.zip"))) == sorted(names)


def _box(number: int) -> dict[str, object]:
    return {"class": ("even", "odd")[number % 2], "box": [0.1, 0.2, round(0.5 + number / 10_000, 9), 0.9]}


def test_read_labels__nothing_is_left_of_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    content = io.BytesIO(json.dumps([]).encode())
    with pytest.raises(InvalidInputError, match=r"a.zip/x.json' has no annotations"):
        read_labels(_zip(tmp_path / "a.zip", {"x.json": content.getvalue()}))
    assert list((tmp_path / "tmp").iterdir()) == []

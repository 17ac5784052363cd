"""Archives of images: paths that stay below a folder, and a stream that holds one image at a time."""

import io
import zipfile
from pathlib import Path

import pytest

from lightly_ray.platform.services.images import store_image
from lightly_ray.platform.services.zipped import safe_path, zipped
from lightly_ray.platform.storage.blobs import Blobs
from tests.platform.served import a_sample


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a.png", "a.png"),
        ("a/b c/ä-日本.png", "a/b c/ä-日本.png"),
        ("2020-01-01T10:00.png", "2020-01-01T10:00.png"),
        ("..png", "..png"),
        ("../a.png", "a-7.png"),
        ("a/../../b.png", "a/b-7.png"),
        ("/etc/passwd", "etc/passwd-7"),
        ("a//b.png", "a/b-7.png"),
        ("./a.tar.gz", "a.tar-7.gz"),
        ("..\\a\\b.png", "a/b-7.png"),
        ("C:/b.png", "b-7.png"),
        ("c:b.png", "b-7.png"),
        ("..", "image-7"),
        ("a/", "a-7"),
        ("/.hidden", ".hidden-7"),
        ("a.b/../c", "a.b/c-7"),
        ("MISSING.txt", "MISSING-7.txt"),
    ],
)
def test_safe_path__by_hand(name: str, path: str) -> None:
    assert safe_path(name, "7") == path


def test_zipped__one_image_at_a_time(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path))
    contents = [bytes([number]) * 100_000 for number in range(20)]
    samples = []
    for number, content in enumerate(contents):
        key = store_image(blobs, "d1", "full", io.BytesIO(content)).key
        samples.append(a_sample(id=f"{number}", file_name=f"{number}.png", full_key=key, created_at=1_700_000_000_000))
    parts = list(zipped(blobs, samples))
    assert max(map(len, parts)) < 101_000
    archive = zipfile.ZipFile(io.BytesIO(b"".join(parts)))
    assert [archive.read(f"{number}.png") for number in range(20)] == contents
    first = archive.infolist()[0]
    assert first.date_time == (2023, 11, 14, 22, 13, 20)
    assert not first.flag_bits & 0x08  # sizes stand in front: not every program reads what has them behind


def test_zipped__what_is_gone_is_listed(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path))
    gone = a_sample(id="1", file_name="gone.png", full_key="datasets/d1/gone", created_at=0)
    none = a_sample(id="2", file_name="ä.png", created_at=0)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(zipped(blobs, [gone, none]))))
    assert archive.namelist() == ["MISSING.txt"]
    assert archive.read("MISSING.txt").decode().splitlines()[2:] == ["gone.png", "ä.png"]


def test_zipped__nothing(tmp_path: Path) -> None:
    assert zipfile.ZipFile(io.BytesIO(b"".join(zipped(Blobs(str(tmp_path)), [])))).namelist() == []

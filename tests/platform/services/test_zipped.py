"""Archives of images: a stream that holds one image at a time."""

import io
import zipfile
from pathlib import Path

from lightly_ray.platform.services.images import store_image
from lightly_ray.platform.services.zipped import zipped
from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.store.records import Outline


def outline(number: int, file_name: str, full_key: str | None = None, created_at: int = 0) -> Outline:
    return Outline(f"{number}", number, file_name, full_key, None, created_at, None)


def test_zipped__one_image_at_a_time(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path))
    contents = [bytes([number]) * 100_000 for number in range(20)]
    samples = []
    for number, content in enumerate(contents):
        key = store_image(blobs, "d1", "full", io.BytesIO(content)).key
        samples.append(outline(number, f"{number}.png", key, 1_700_000_000_000))
    parts = list(zipped(blobs, samples))
    assert max(map(len, parts)) < 101_000
    archive = zipfile.ZipFile(io.BytesIO(b"".join(parts)))
    assert [archive.read(f"{number}.png") for number in range(20)] == contents
    first = archive.infolist()[0]
    assert first.date_time == (2023, 11, 14, 22, 13, 20)
    assert not first.flag_bits & 0x08  # sizes stand in front: not every program reads what has them behind


def test_zipped__what_is_gone_is_listed(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path))
    gone, none = outline(1, "gone.png", "datasets/d1/gone"), outline(2, "ä.png")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(zipped(blobs, [gone, none]))))
    assert archive.namelist() == ["MISSING.txt"]
    assert archive.read("MISSING.txt").decode().splitlines()[2:] == ["gone.png", "ä.png"]


def test_zipped__nothing(tmp_path: Path) -> None:
    assert zipfile.ZipFile(io.BytesIO(b"".join(zipped(Blobs(str(tmp_path)), [])))).namelist() == []

"""Thumbnails of images: small, kept, made once."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from lightly_ray.errors import CorruptImageError, NotFoundError
from lightly_ray.platform.services import thumbnails
from lightly_ray.platform.services.images import store_image
from lightly_ray.platform.services.kept import kept
from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.store.records import Sample
from tests.platform.served import a_sample


def photo(size: tuple[int, int], form: str = "jpeg", mode: str = "RGB") -> bytes:
    """Smooth noise, which compresses about as photographs do."""
    grain = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    image = Image.fromarray(grain).filter(ImageFilter.GaussianBlur(2)).resize(size, Image.Resampling.BICUBIC)
    out = io.BytesIO()
    image.convert(mode).save(out, form)
    return out.getvalue()


def stored(blobs: Blobs, content: bytes) -> Sample:
    blob = store_image(blobs, "d1", "full", io.BytesIO(content))
    return a_sample(id="1", dataset_id="d1", full_key=blob.key, full_sha256=blob.sha256)


def made(blobs: Blobs, sample: Sample) -> bytes:
    content, media_type = thumbnails.content(blobs, sample)
    assert media_type == "image/webp"
    return b"".join(content)


@pytest.mark.parametrize(
    ("size", "small"), [((4000, 3000), (192, 144)), ((150, 600), (48, 192)), ((30, 20), (30, 20)), ((193, 1), (192, 1))]
)
def test_content__no_side_is_over_192(blobs: Blobs, size: tuple[int, int], small: tuple[int, int]) -> None:
    content = made(blobs, stored(blobs, photo(size)))
    assert Image.open(io.BytesIO(content)).size == small
    assert len(content) < 8_000


@pytest.mark.parametrize(("form", "mode"), [("png", "RGBA"), ("png", "L"), ("gif", "P"), ("tiff", "CMYK")])
def test_content__of_any_kind_of_image(tmp_path: Path, form: str, mode: str) -> None:
    blobs = Blobs(str(tmp_path))
    assert Image.open(io.BytesIO(made(blobs, stored(blobs, photo((400, 300), form, mode))))).size == (192, 144)


def test_content__made_once(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path))
    sample = stored(blobs, photo((400, 300)))
    first = made(blobs, sample)
    (tmp_path / str(sample.full_key)).unlink()
    assert made(blobs, sample) == first


def test_content__none_or_broken(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path))
    with pytest.raises(NotFoundError, match=r"no image of 'a.png'"):
        made(blobs, a_sample())
    broken = stored(blobs, photo((400, 300))[:300])
    for _ in range(2):
        with pytest.raises(CorruptImageError, match=r"image 'a.png' cannot be read"):
            made(blobs, broken)


def test_kept__made_once_by_those_who_ask_at_the_same_time(blobs: Blobs) -> None:
    from concurrent.futures import ThreadPoolExecutor

    calls: list[int] = []

    def _make() -> bytes:
        calls.append(1)
        return b"content"

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: kept(blobs, "some/thing", _make), range(8))) == {b"content"}
    assert calls == [1]


def test_kept__a_failure_is_not_kept(blobs: Blobs) -> None:
    def _fail() -> bytes:
        raise ValueError("not yet")

    with pytest.raises(ValueError, match="not yet"):
        kept(blobs, "some/thing", _fail)
    assert kept(blobs, "some/thing", lambda: b"now") == b"now"

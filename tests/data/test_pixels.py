"""Decoded pictures as people see them: upright, and in 8 bits whatever they are stored in."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from lightly_ray.data.image_metadata import image_metadata, thumbnail
from lightly_ray.data.images import CorruptImageError, decode_rgb, open_image

ORIENTATION = 0x0112
GREY = np.add.outer(np.arange(6), np.arange(8)) / 12


@pytest.mark.parametrize("ending", ["png", "jpeg", "webp", "tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_open_image__upright_as_a_viewer_shows_it(ending: str, orientation: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 3)).astype(np.uint8).repeat(16, 0).repeat(16, 1)
    exif, out = Image.Exif(), io.BytesIO()
    exif[ORIENTATION] = orientation
    Image.fromarray(pixels).save(out, ending, exif=exif)
    seen = ImageOps.exif_transpose(Image.open(io.BytesIO(out.getvalue()))).convert("RGB")
    found = open_image(out.getvalue())
    assert found.size == seen.size
    np.testing.assert_array_equal(decode_rgb(out.getvalue()), np.asarray(seen))
    assert image_metadata(found, 1)["shape"] == [seen.height, seen.width, 3]
    assert Image.open(io.BytesIO(thumbnail(found))).size == seen.size


def test_open_image__a_broken_exif_block_is_no_reason_to_drop_the_picture() -> None:
    out = io.BytesIO()
    Image.fromarray(np.full((4, 6, 3), 9, np.uint8)).save(out, "png", exif=b"Exif\0\0II*\0nonsense")
    assert open_image(out.getvalue()).size == (6, 4)


@pytest.mark.parametrize(
    "stored",
    [
        GREY.astype(np.float32),
        (GREY * 255).astype(np.float32),
        (GREY * 65535).astype(np.float32),
        (GREY * 255).round().astype(np.int32),
        (GREY * 65535).astype(np.int32),
        (GREY * 8.0 - 273.15).astype(np.float32),
        (GREY * 4e6).astype(np.float32),
    ],
    ids=["0..1", "0..255", "0..65535", "int 0..255", "int 0..65535", "negative", "large"],
)
def test_open_image__floats_and_long_integers_by_their_range(tmp_path: Path, stored: np.ndarray) -> None:
    Image.fromarray(stored).save(tmp_path / "x.tif")
    found = np.asarray(open_image(tmp_path / "x.tif")).astype(int)
    assert np.abs(found - GREY * 255).max() <= 1


def test_open_image__what_a_sensor_did_not_see_is_black(tmp_path: Path) -> None:
    values = np.array([[np.nan, 0.5], [1.0, np.inf]], np.float32)
    Image.fromarray(values).save(tmp_path / "x.tif")
    assert np.asarray(open_image(tmp_path / "x.tif")).tolist() == [[0, 128], [255, 0]]
    Image.fromarray(np.full((2, 2), np.nan, np.float32)).save(tmp_path / "none.tif")
    with pytest.raises(CorruptImageError, match=r"none\.tif.*none of its values is a finite number"):
        open_image(tmp_path / "none.tif")


@pytest.mark.parametrize("ending", ["png", "pgm"])
def test_open_image__a_dark_picture_of_16_bits_stays_dark(tmp_path: Path, ending: str) -> None:
    Image.fromarray(np.full((2, 2), 514, np.uint16)).save(tmp_path / f"x.{ending}")
    assert np.asarray(open_image(tmp_path / f"x.{ending}")).max() == 2

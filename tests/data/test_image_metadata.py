"""The figures of one image against their definitions in floating point."""

import io
import json

import numpy as np
import pytest
from PIL import Image, ImageFilter

from lightly_ray.data.image_metadata import image_metadata, sharpness, thumbnail

RNG = np.random.default_rng(0)
PIXELS = {
    "L": RNG.integers(0, 256, size=(5, 7), dtype=np.uint8),
    "RGB": RNG.integers(0, 200, size=(11, 6, 3), dtype=np.uint8),
    "RGBA": RNG.integers(100, 256, size=(4, 9, 4), dtype=np.uint8),
}


@pytest.mark.parametrize("mode", PIXELS)
def test_image_metadata__equals_the_definition(mode: str) -> None:
    pixels = PIXELS[mode]
    found = image_metadata(Image.fromarray(pixels), 1234)
    values = np.atleast_3d(pixels) / 255
    flat = values.reshape(-1, values.shape[2])
    np.testing.assert_allclose(found["mean"], flat.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found["std"], flat.std(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found["sumOfValues"], flat.sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found["sumOfSquares"], (flat**2).sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found["snr"], values.mean() / values.std(), rtol=1e-12)
    assert found["shape"] == list(values.shape)
    assert found["sizeInBytes"] == 1234
    assert (found["corruption"], found["is_corrupted"]) == ("", False)
    assert json.loads(json.dumps(found)) == found


def test_image_metadata__constant_image_has_no_signal() -> None:
    found = image_metadata(Image.new("RGB", (3, 2), (51, 51, 51)), 7)
    assert found["std"] == [0, 0, 0]
    assert found["snr"] == 0
    assert found["sharpness"] == 0
    assert found["mean"] == [0.2, 0.2, 0.2]


def test_sharpness__by_hand() -> None:
    # One white pixel in black: the Laplacian clips to 255 on it and to 0 around; Pillow copies the outermost ring.
    grey = np.zeros((5, 5), dtype=np.uint8)
    grey[2, 2] = 255
    expected = np.std([255] + 24 * [0])
    assert sharpness(Image.fromarray(grey)) == pytest.approx(expected)


def test_sharpness__falls_when_blurred() -> None:
    image = Image.fromarray(PIXELS["RGB"]).resize((60, 50))
    assert sharpness(image.filter(ImageFilter.GaussianBlur(3))) < sharpness(image)


@pytest.mark.parametrize(("size", "expected"), [((300, 200), (128, 85)), ((64, 256), (32, 128)), ((20, 10), (20, 10))])
def test_thumbnail__fits_128_and_never_grows(size: tuple[int, int], expected: tuple[int, int]) -> None:
    small = Image.open(io.BytesIO(thumbnail(Image.new("RGB", size, (1, 2, 3)))))
    assert small.format == "WEBP"
    assert small.size == expected

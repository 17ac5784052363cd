"""Thumbnails: the server makes the same ones as the client."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lightly_ray.data.image_metadata import thumbnail
from lightly_ray.data.images import open_image
from lightly_ray.errors import CorruptImageError
from lightly_ray.platform.services import images
from lightly_ray.platform.storage.blobs import Blobs
from tests.platform.served import a_sample


def served(folder: Path, content: bytes) -> bytes:
    blobs = Blobs(str(folder))
    blob = images.store_image(blobs, "d1", "full", io.BytesIO(content))
    return b"".join(images.content(blobs, a_sample(full_key=blob.key), "thumb")[0])


def test_content__a_thumbnail_of_16_bits_is_the_clients(tmp_path: Path) -> None:
    pixels = np.linspace(0, 65535, 300 * 200).reshape(200, 300).astype(np.uint16)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "png")
    made = served(tmp_path, out.getvalue())
    assert made == thumbnail(open_image(out.getvalue()))
    grey = np.asarray(Image.open(io.BytesIO(made)).convert("L"))
    assert grey.shape == (85, 128)
    assert (grey > 250).mean() < 0.05  # clipped at 255, nearly all of it would be white


def test_content__what_is_no_image_has_no_thumbnail(tmp_path: Path) -> None:
    with pytest.raises(CorruptImageError, match=r"image 'a.png' cannot be read"):
        served(tmp_path, b"no image")

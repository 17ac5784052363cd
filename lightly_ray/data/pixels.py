"""Decoded pictures become upright 8-bit images, as a browser or a labelling tool would show them.

Depth, heat and microscopes are stored in floats or long integers without a word about their range. It is told from
the values: 0 .. 1, 0 .. 255 and 0 .. 65535 are what programs write; anything else is spread from its least to its
greatest value.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from lightly_ray.errors import CorruptImageError

_8_BIT = ("L", "LA", "RGB", "RGBA")
_RANGES = (1, 255, 65535)
_DEEP_GREY = ("PNG", "PPM")  # whose grey of 16 bits Pillow gives as 32-bit integers, already spread over 16 bits
_UPRIGHT = {  # EXIF orientation -> what turns the stored picture upright; EXIF 2.32, tag 0x0112
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def as_seen(image: Image.Image) -> Image.Image:
    """A loaded picture in one of the modes L, LA, RGB, RGBA, turned as its EXIF says.

    Raises:
        CorruptImageError: it holds no finite number.
    """
    method = _UPRIGHT.get(_orientation(image))
    pixels = _to_8_bits(image)
    return pixels if method is None else pixels.transpose(method)


def _orientation(image: Image.Image) -> int:
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:
        return 1
    return orientation if isinstance(orientation, int) else 1


def _to_8_bits(image: Image.Image) -> Image.Image:
    if image.mode in _8_BIT:
        return image.copy()
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format in _DEEP_GREY):
        # Pillow would clip 16-bit values at 255, which makes most of them white.
        return Image.fromarray((np.asarray(image).astype(np.uint32).clip(0, 65535) // 257).astype(np.uint8))
    if image.mode in ("I", "F"):
        return Image.fromarray(_spread(np.asarray(image, np.float64)))
    if image.mode in ("P", "PA") and "transparency" in image.info:
        return image.convert("RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")


def _spread(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Numbers of an unknown range as grey; where a sensor saw nothing (NaN, infinite), black."""
    seen = np.isfinite(values)
    if not seen.any():
        raise CorruptImageError("none of its values is a finite number")
    low, high = float(values[seen].min()), float(values[seen].max())
    if low >= 0 and high <= _RANGES[-1]:
        low, high = 0, next(top for top in _RANGES if high <= top)
    scale = 255 / (high - low) if high > low else 0
    return np.asarray(np.where(seen, (np.where(seen, values, low) - low) * scale, 0).round(), np.uint8)

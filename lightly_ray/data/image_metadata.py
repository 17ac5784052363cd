"""Figures about one image that the platform stores beside it, and its thumbnail.

All figures follow from the histogram of each 8-bit channel, which is exact and needs no float copy of the
pixels. With v = value / 255, over the H W pixels of a channel:

    sumOfValues = sum v        mean = sumOfValues / (H W)
    sumOfSquares = sum v^2     std = sqrt(sum (v - mean)^2 / (H W))

Over the whole image:

    snr = mean / std of all values of all channels, 0 where std is 0
    sharpness = std of the grey image after the 3 x 3 Laplacian (8 in the middle, -1 around), clipped to 0 .. 255
    sizeInBytes = size of the file,  shape = [H, W, C]

`corruption` and `is_corrupted` say that nothing is wrong: corrupt images are not uploaded.
"""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

THUMBNAIL_SIZE = 128
_LAPLACIAN = ImageFilter.Kernel((3, 3), (-1, -1, -1, -1, 8, -1, -1, -1, -1), 1, 0)
_VALUES = np.arange(256) / 255


def image_metadata(image: Image.Image, size_in_bytes: int) -> dict[str, Any]:
    """Figures of one decoded image, under the names of the protocol.

    Args:
        image: in an 8-bit mode, as `data.images.open_image` gives it.
        size_in_bytes: size of its file.

    Returns:
        JSON values: lists with one number per channel, numbers, and no corruption.
    """
    channels = np.array(image.histogram(), dtype=np.float64).reshape(-1, 256)
    sums, squares = channels @ _VALUES, channels @ _VALUES**2
    means, stds = zip(*(_mean_and_std(channel) for channel in channels), strict=True)
    mean, std = _mean_and_std(channels.sum(axis=0))
    return {
        "mean": list(means),
        "std": list(stds),
        "snr": mean / std if std > 0 else 0.0,
        "sharpness": sharpness(image),
        "sizeInBytes": size_in_bytes,
        "shape": [image.height, image.width, len(channels)],
        "sumOfValues": sums.tolist(),
        "sumOfSquares": squares.tolist(),
        "corruption": "",
        "is_corrupted": False,
    }


def sharpness(image: Image.Image) -> float:
    """Standard deviation of the grey image under a Laplacian, in grey levels (0 .. 127.5); 0 = no edges."""
    edges = image.convert("L").filter(_LAPLACIAN)
    return 255 * _mean_and_std(np.array(edges.histogram(), dtype=np.float64))[1]


def thumbnail(image: Image.Image, *, size: int = THUMBNAIL_SIZE, quality: int = 90) -> bytes:
    """The image as WEBP, shrunk so that neither side is over ``size`` pixels; small ones stay as large."""
    small = image.copy()
    small.thumbnail((size, size), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, format="webp", quality=quality, method=1)
    return out.getvalue()


def _mean_and_std(counts: NDArray[np.float64]) -> tuple[float, float]:
    # The values of a constant image are all equal to their mean only up to rounding; its std is 0 exactly.
    if np.count_nonzero(counts) == 1:
        return float(_VALUES[counts.argmax()]), 0.0
    mean = float(counts @ _VALUES / counts.sum())
    return mean, float(np.sqrt(counts @ (_VALUES - mean) ** 2 / counts.sum()))

"""The handwritten digits that scikit-learn ships, as a folder of images."""

from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

_SIDE = 64  # pixels; at their own 8 hardly anything is left of a digit


def write_digits(folder: Path, every: int = 1) -> Path:
    """Write every n-th of the 1,797 digits as a PNG file, a folder per digit."""
    digits = load_digits()
    for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        if number % every == 0:
            path = folder / str(label) / f"{number:04}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            image = Image.fromarray(np.asarray(pixels * (255 / 16), dtype=np.uint8))
            image.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC).save(path)
    return folder

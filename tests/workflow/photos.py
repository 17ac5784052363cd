"""Small images in folders, as the tests of whole workflows bring them."""

from pathlib import Path

import numpy as np
from PIL import Image


def draw(random: np.random.Generator, folder: Path, *names: str) -> None:
    """Write images of noise, no two alike."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (24, 20, 3), dtype=np.uint8)).save(path)

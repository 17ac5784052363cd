"""`auto`: the pretrained network, but the descriptor where images are tiny."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from lightly_ray.data.location import Location
from lightly_ray.embedding.models import AUTO, DEFAULT, DESCRIPTOR, SMALL
from lightly_ray.selection.random_draw import random_keys

_SIZES_OF = 256  # images; their median is that of all but for a few pixels
_READERS = 16


def resolve_auto(model: str, root: Location, filenames: Sequence[str]) -> str:
    """The model that ``auto`` stands for; any other stays as it is.

    Reads the sizes of at most 256 images, the same ones for the same names; what is no image counts for nothing.
    """
    if model != AUTO:
        return model
    keys = random_keys(filenames, seed=0)
    sample = [filenames[row] for row in np.argsort(keys, kind="stable")[:_SIZES_OF]]
    with ThreadPoolExecutor(_READERS) as pool:
        sides = [side for side in pool.map(lambda name: _longer_side(root.child(name)), sample) if side]
    return DESCRIPTOR if sides and float(np.median(sides)) < SMALL else DEFAULT


def _longer_side(place: Location) -> int:
    try:
        with place.filesystem.open_input_file(place.path) as file, Image.open(file) as image:
            return max(image.size)
    except Exception:
        return 0

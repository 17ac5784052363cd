"""What a network gives for prepared images -> features: some images at a time, averaged over positions."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lightly_ray.embedding.preparation import Preparation
from lightly_ray.errors import InvalidInputError

Extract = Callable[[Sequence[Image.Image]], NDArray[np.float32]]
"""n images in the mode RGB, of any sizes -> features (n, F) float32."""

_POSITIONS = {4: (2, 3), 3: (1,), 2: ()}  # axes to average, by the rank of the output
_AT_ONCE = 8  # images; on a CPU more at once are no faster, and take memory


def extractor(
    forward: Callable[[NDArray[np.float32]], NDArray[Any]], preparation: Preparation, what: str, *, gpu: bool
) -> Extract:
    """A loaded network as a function of images.

    Args:
        forward: prepared images (n, 3, S, S) -> an output.
        preparation: of the pixels.
        what: how messages call the network.
        gpu: take all images at once.
    """

    def extract(images: Sequence[Image.Image]) -> NDArray[np.float32]:
        step = len(images) if gpu else _AT_ONCE
        batches = (preparation(images[start : start + step]) for start in range(0, len(images), step))
        return np.concatenate([pooled(forward(batch), len(batch), what) for batch in batches])

    return extract


def pooled(values: NDArray[Any], images: int, what: str) -> NDArray[np.float32]:
    """An output, averaged over positions where it has any: (n, F), a map (n, F, H, W) or tokens (n, T, F).

    Raises:
        InvalidInputError: it is none of these for that many images.
    """
    if values.ndim not in _POSITIONS or len(values) != images:
        raise InvalidInputError(
            f"{what} gives shape {values.shape} for {images} images, expected (n, F), a map (n, F, H, W) or tokens "
            "(n, T, F)"
        )
    return np.asarray(values.mean(axis=_POSITIONS[values.ndim], dtype=np.float32), np.float32)

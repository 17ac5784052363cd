"""The built-in descriptor: an image -> 2,028 numbers without weights; gradients, colours and small pixels.

A floor that costs a sixth of a millisecond an image, and better than a network on tiny pictures: on the 28 x 28
pictures of clothes of Fashion-MNIST a linear classifier is right in 86 % of cases with it, in 84 % with the pretrained
network at hand.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lightly_ray.embedding.histograms import count_colours, count_orientations
from lightly_ray.embedding.preparation import square_of

SIDE = 64  # pixels; gradients are taken at this size
VERSION = 2  # of the formulas below: embeddings of another version are of another space
_SMALL = 8  # pixels; layout is what remains at this size
_CELLS, _BLOCKS, _ORIENTATIONS = 8, 7, 9
_HUES, _SATURATIONS, _VALUES = 8, 3, 3
FEATURES = _BLOCKS * _BLOCKS * 2 * 2 * _ORIENTATIONS + _HUES * _SATURATIONS * _VALUES + _SMALL * _SMALL * 3
# Shape tells classes of objects apart better than colour or layout do: a linear classifier on 400 labelled photographs
# of clothes (C = 10) was right in 52 % of cases with equal shares, in 60 % with gradients alone, in 62 % with these.
_SHARE_GRADIENTS, _SHARE_COLOURS, _SHARE_LAYOUT = 1.0, 0.15, 0.3
_CLIP, _EPSILON = 0.2, 1e-5
_ROOTS = np.sqrt(np.arange(256, dtype=np.float32) / 255)  # gamma compression, as shadows matter less then
# (9, 2): cosine and sine of 0, 20 .. 160 degrees.
_DIRECTIONS = np.exp(1j * np.pi / _ORIENTATIONS * np.arange(_ORIENTATIONS)).view(np.float64).reshape(-1, 2).astype("f4")


def features(images: Sequence[Image.Image]) -> NDArray[np.float32]:
    """Describe images by their gradients, colours and layout.

    Each of the three parts is scaled to a fixed length, its share, so none drowns the others by its number of values.
    The numbers of an image do not depend on the images beside it.

    Args:
        images: n of them in the mode RGB; any sizes.

    Returns:
        (n, F) float32, F = FEATURES = 1,764 gradients + 72 colours + 192 pixels.
    """
    squares = np.stack([square_of(one, SIDE) for one in images])
    small = np.stack([np.asarray(one.resize((_SMALL, _SMALL), Image.Resampling.BOX)) for one in images])
    layout = small.reshape(len(small), -1) / np.float32(255)
    parts = [
        _scaled(_gradients(squares), _SHARE_GRADIENTS),
        _scaled(_colours(squares), _SHARE_COLOURS),
        _scaled(layout - layout.mean(axis=1, keepdims=True), _SHARE_LAYOUT),
    ]
    return np.concatenate(parts, axis=1)


def _gradients(squares: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Histograms of oriented gradients of (n, 64, 64, 3): (n, 1764).

    Cells of 8 x 8 pixels with 9 unsigned orientations, weighted by the length of the gradient, in each pixel that of
    the colour with the longest; blocks of 2 x 2 cells, each scaled to length 1, clipped at 0.2, and scaled again.

    References:
        Dalal, Triggs. Histograms of Oriented Gradients for Human Detection. CVPR 2005.
    """
    counts = np.zeros((len(squares), _CELLS, _CELLS, _ORIENTATIONS), np.float32)
    count_orientations(squares, _ROOTS, _DIRECTIONS, counts)
    corners = [counts[:, y : y + _BLOCKS, x : x + _BLOCKS] for y in (0, 1) for x in (0, 1)]
    blocks = np.stack(corners, axis=3).reshape(len(squares), _BLOCKS, _BLOCKS, -1)
    blocks = np.minimum(blocks / _lengths(blocks), np.float32(_CLIP))
    return np.asarray((blocks / _lengths(blocks)).reshape(len(squares), -1), np.float32)


def _lengths(blocks: NDArray[np.float32]) -> NDArray[np.float32]:
    squares = (blocks * blocks).sum(axis=-1, keepdims=True)
    return np.asarray(np.sqrt(squares + np.float32(_EPSILON**2)), np.float32)


def _colours(squares: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Roots of colour histograms of (n, 64, 64, 3) in hue, saturation, value: (n, 72)."""
    counts = np.zeros((len(squares), _HUES, _SATURATIONS, _VALUES), np.float32)
    count_colours(squares, counts)
    # The root tempers the background, which otherwise owns most of the histogram (Hellinger distance).
    return np.asarray(np.sqrt(counts.reshape(len(squares), -1)), np.float32)


def _scaled(part: NDArray[np.float32], length: float) -> NDArray[np.float32]:
    norms = np.sqrt(np.einsum("nf,nf->n", part, part, optimize=False))[:, None]
    return np.asarray(part * (length / np.where(norms > 0, norms, 1)), np.float32)

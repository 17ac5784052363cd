"""Masks of pixels as run lengths, in the forms of the tools, and as the one form of `table.ANNOTATION`.

That form, COCO's: ``{"height", "width", "counts"}``, run lengths of 0s and 1s in turn, 0s first, down the columns.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightly_ray.errors import InvalidInputError, TooLargeError

MOST_PIXELS = 1 << 28
"""Of a mask that has to be unpacked: 16,384 x 16,384."""


def runs_of(values: NDArray[Any]) -> list[int]:
    """Run lengths of 0s and others in turn of a flat array, 0s first."""
    bits = np.asarray(values).astype(bool)
    edges = np.flatnonzero(bits[1:] != bits[:-1]) + 1
    bounds = np.concatenate([[0], edges, [len(bits)]])
    lengths = np.diff(bounds)
    first = [0] if len(bits) and bits[0] else []
    return [*first, *lengths.tolist()]


def bits_of(runs: Sequence[int], size: int, what: str) -> NDArray[np.bool_]:
    """The flat array that run lengths stand for.

    Raises:
        TooLargeError: it has more than `MOST_PIXELS`.
        InvalidInputError: the runs do not make ``size`` values.
    """
    require_pixels(size, what)
    counts = np.asarray(runs, dtype=np.int64)
    if counts.sum() != size or (counts < 0).any():
        raise InvalidInputError(f"{what}: the runs of a mask are {counts.sum()} pixels long, they must be {size}")
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts)


def require_pixels(size: int, what: str) -> None:
    """Refuse a mask that is too large to be unpacked, before it is."""
    if size > MOST_PIXELS:
        raise TooLargeError(f"{what}: a mask has {size:,} pixels, at most {MOST_PIXELS:,} are read")


def packed(pixels: NDArray[Any]) -> dict[str, Any]:
    """The mask of an (H, W) array."""
    height, width = pixels.shape
    return {"height": height, "width": width, "counts": runs_of(pixels.ravel(order="F"))}


def unpacked(mask: Any, what: str) -> NDArray[np.bool_]:
    """The (H, W) pixels of a mask."""
    height, width = mask["height"], mask["width"]
    return bits_of(mask["counts"], height * width, what).reshape(width, height).T


def box_of(pixels: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is set, the last two exclusive; all 0 where nothing is."""
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    if not len(rows):
        return 0, 0, 0, 0
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def coco_counts(text: str, what: str) -> list[int]:
    """The run lengths in COCO's compressed text: six bits a character, differences to the run before last.

    References:
        rleFrString in https://github.com/cocodataset/cocoapi/blob/master/common/maskApi.c

    Raises:
        InvalidInputError: it is no such text.
    """
    counts: list[int] = []
    value = shift = 0
    for code in text.encode():
        bits = code - 48
        if not 0 <= bits < 64 or shift > 60:
            raise InvalidInputError(f"{what}: a mask is no run lengths in COCO's text form: {text!r:.40}")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            if bits & 16:
                value -= 1 << shift
            counts.append(value + (counts[-2] if len(counts) > 2 else 0))
            value = shift = 0
    if shift:
        raise InvalidInputError(f"{what}: the text of a mask ends in the middle")
    return counts

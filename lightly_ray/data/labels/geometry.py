"""Coordinates in pixels or per cent, and relative to the image as `table` has them."""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightly_ray.errors import InvalidInputError

_DECIMALS = 10  # of a pixel: one more than `table.DECIMALS`, so that a number that comes back is the same


def relative(values: Sequence[float], width: float, height: float) -> list[float]:
    """Pairs x, y, x, y, ... in pixels of an image of this size, relative to it."""
    return [value / side for value, side in zip(values, cycle((width, height)))]


def relative_keypoints(values: Sequence[float], width: float, height: float) -> list[float]:
    """Triples x, y, visibility, ... in pixels, relative to the image."""
    return [value / side for value, side in zip(values, cycle((width, height, 1)))]


def pixels(values: Sequence[float], width: float, height: float) -> list[float]:
    """Relative pairs in pixels."""
    return [round(value * side, _DECIMALS) for value, side in zip(values, cycle((width, height)))]


def pixels_of_keypoints(values: Sequence[float], width: float, height: float) -> list[float]:
    """Relative triples x, y, visibility, ... in pixels."""
    return [round(value * side, _DECIMALS) for value, side in zip(values, cycle((width, height, 1)))]


def around(points: Any) -> list[float] | None:
    """The box x0, y0, x1, y1 around pairs; None where they have no area."""
    pairs = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    if not len(pairs):
        return None
    low, high = pairs.min(axis=0), pairs.max(axis=0)
    return [*low.tolist(), *high.tolist()] if (low < high).all() else None


def labelled_points(keypoints: Sequence[float]) -> NDArray[np.float64]:
    """The pairs of those keypoints that are labelled."""
    triples = np.asarray(keypoints, dtype=np.float64).reshape(-1, 3)
    return triples[triples[:, 2] > 0, :2]


def area_of(polygon: Any) -> float:
    """The area within a polygon x, y, x, y, ..., by the shoelace formula."""
    x, y = np.asarray(polygon, dtype=np.float64).reshape(-1, 2).T
    return float(abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2)


def require_size(width: float | None, height: float | None, what: str) -> tuple[float, float]:
    """Width and height of an image whose labels are in pixels.

    Raises:
        InvalidInputError: they are missing, or not over 0.
    """
    if not (isinstance(width, int | float) and isinstance(height, int | float) and width > 0 and height > 0):
        raise InvalidInputError(
            f"{what} needs its width and height in pixels, which its labels are measured in; got {width!r} x {height!r}"
        )
    return width, height

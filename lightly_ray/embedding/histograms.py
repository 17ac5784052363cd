"""Histograms of small pictures, counted pixel by pixel in compiled loops; what they mean stands in `descriptor`."""

import numpy as np
from numpy.typing import NDArray

from lightly_ray.compiled import compiled


@compiled()
def _longest_gradient(
    picture: NDArray[np.uint8], roots: NDArray[np.float32], y: int, x: int
) -> tuple[np.float32, np.float32, np.float32]:
    """Steps down and across in the colour where they are longest, and their squared length; 0 across a border."""
    side = len(picture)
    above, below = (y - 1, y + 1) if 0 < y < side - 1 else (y, y)
    left, right = (x - 1, x + 1) if 0 < x < side - 1 else (x, x)
    down, across, longest = np.float32(0), np.float32(0), np.float32(0)
    for colour in range(3):
        dy = roots[picture[below, x, colour]] - roots[picture[above, x, colour]]
        dx = roots[picture[y, right, colour]] - roots[picture[y, left, colour]]
        length = dy * dy + dx * dx
        if length > longest:
            down, across, longest = dy, dx, length
    return down, across, longest


@compiled()
def count_orientations(
    pictures: NDArray[np.uint8],
    roots: NDArray[np.float32],
    directions: NDArray[np.float32],
    counts: NDArray[np.float32],
) -> None:
    """Add up the lengths of gradients by cell and unsigned orientation.

    Args:
        pictures: (n, S, S, 3).
        roots: (256,), what a value counts.
        directions: (O, 2), cosine and sine of the angles at which orientations begin, the first at 0, all below 180.
        counts: (n, C, C, O), C divides S; added to.
    """
    side, cell = pictures.shape[1], pictures.shape[1] // counts.shape[1]
    for image in range(len(pictures)):
        for y in range(side):
            for x in range(side):
                down, across, longest = _longest_gradient(pictures[image], roots, y, x)
                if down < 0:
                    down, across = -down, -across
                # The orientation is the last direction that the gradient lies behind: no arc tangent is needed. One of
                # 180 degrees is one of 0.
                orientation = 0
                for place in range(1, len(directions) if down > 0 else 0):
                    orientation += directions[place, 0] * down >= directions[place, 1] * across
                counts[image, y // cell, x // cell, orientation] += np.sqrt(longest)


@compiled(error_model="numpy")
def _turn(red: int, green: int, blue: int) -> float:
    """The hue, 0 .. 6 for a whole turn; grey has none, and gives 0."""
    high, spread = max(red, green, blue), max(red, green, blue) - min(red, green, blue)
    if spread == 0:
        return 0.0
    if high == red:
        return ((green - blue) / spread) % 6
    return (blue - red) / spread + 2 if high == green else (red - green) / spread + 4


@compiled()
def count_colours(pictures: NDArray[np.uint8], counts: NDArray[np.float32]) -> None:
    """Count pixels by hue, saturation and value.

    Args:
        pictures: (n, S, S, 3).
        counts: (n, H, S, V), equal shares of each; added to.
    """
    hues, saturations, values = counts.shape[1:]
    for image in range(len(pictures)):
        for pixel in pictures[image].reshape(-1, 3):
            red, green, blue = np.int64(pixel[0]), np.int64(pixel[1]), np.int64(pixel[2])
            high = max(red, green, blue)
            hue = int(_turn(red, green, blue) * hues / 6)
            saturation = (high - min(red, green, blue)) * saturations // (high + 1)
            counts[image, hue, saturation, high * values // 256] += 1

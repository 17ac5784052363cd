"""Histograms of small pictures, counted pixel by pixel in compiled loops; what they mean stands in `descriptor`."""

import numpy as np
from numpy.typing import NDArray

from lightly_ray.compiled import compiled


@compiled()
def _add_colour(
    above: NDArray[np.float32],
    here: NDArray[np.float32],
    below: NDArray[np.float32],
    gradient: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]],
) -> None:
    """Keep, for each pixel of a line, steps down and across and their squared length where this colour's are longer.

    Lines have a pixel more at both ends, such that no step leads across a border.
    """
    down, across, longest = gradient
    for x in range(len(down)):
        dy, dx = below[x + 1] - above[x + 1], here[x + 2] - here[x]
        length = dy * dy + dx * dx
        longer = length > longest[x]  # no branch, here and below: so the loops are vectorised
        down[x] = dy if longer else down[x]
        across[x] = dx if longer else across[x]
        longest[x] = length if longer else longest[x]


@compiled()
def _orient(
    down: NDArray[np.float32],
    across: NDArray[np.float32],
    directions: NDArray[np.float32],
    orientations: NDArray[np.int32],
) -> None:
    """The unsigned orientation of each step: the last direction that it lies behind, so no arc tangent is needed."""
    for x in range(len(down)):
        across[x] = -across[x] if down[x] < 0 else across[x]
        down[x] = abs(down[x])
        orientations[x] = 0
    for place in range(1, len(directions)):
        cosine, sine = directions[place]
        for x in range(len(down)):
            # One of 180 degrees, which leads across alone, is one of 0.
            orientations[x] += np.int32(cosine * down[x] >= sine * across[x]) & np.int32(down[x] > 0)


@compiled()
def count_orientations(
    pictures: NDArray[np.uint8],
    roots: NDArray[np.float32],
    directions: NDArray[np.float32],
    counts: NDArray[np.float32],
) -> None:
    """Add up the lengths of gradients by cell and unsigned orientation; a pixel's is that of its longest colour.

    Args:
        pictures: (n, S, S, 3), S >= 3.
        roots: (256,), what a value counts.
        directions: (O, 2), cosine and sine of the angles at which orientations begin, the first at 0, all below 180.
        counts: (n, C, C, O), C divides S; added to.
    """
    side, cell = pictures.shape[1], pictures.shape[1] // counts.shape[1]
    values = np.empty((3, side, side + 2), np.float32)
    down, across, longest = np.empty(side, np.float32), np.empty(side, np.float32), np.empty(side, np.float32)
    orientations = np.empty(side, np.int32)
    for image in range(len(pictures)):
        for y in range(side):
            for x in range(side):
                for colour in range(3):
                    values[colour, y, x + 1] = roots[pictures[image, y, x, colour]]
        values[:, :, 0], values[:, :, side + 1] = values[:, :, 2], values[:, :, side - 1]
        for y in range(side):
            above, below = (y - 1, y + 1) if 0 < y < side - 1 else (y, y)
            down[:], across[:], longest[:] = 0, 0, 0
            for colour in range(3):
                lines = values[colour]
                _add_colour(lines[above], lines[y], lines[below], (down, across, longest))
            _orient(down, across, directions, orientations)
            for x in range(side):
                counts[image, y // cell, x // cell, orientations[x]] += np.sqrt(longest[x])


@compiled(error_model="numpy")
def _turn(red: int, green: int, blue: int) -> float:
    """The hue, 0 .. 6 for a whole turn; grey has none, and gives 0."""
    high, spread = max(red, green, blue), max(red, green, blue) - min(red, green, blue)
    if spread == 0:
        return 0.0
    if high == red:
        turn = (green - blue) / spread
        return turn + 6 if turn < 0 else turn  # % takes longer than all else
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

"""Exact decisions: of the pairs that a screen could not rule out, the float64 distance."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lightly_ray.compiled import compiled
from lightly_ray.selection.distance import DEPTH, pair_distance
from lightly_ray.selection.intrinsics import prefetch_row
from lightly_ray.selection.screening.screen import TINY, UNIT, VANISHING

_AHEAD = 4  # rows
_SMALL, _LARGEST = 1e-12, 1e30  # squared distances that float32 holds to their last place, in units of the scale


class Vectors(NamedTuple):
    """Vectors of some rows.

    Attributes:
        rows: (m,) where the bounds of the rows lie.
        source: (n, D) float32 or float64.
        positions: (m,) where in it the rows are.
    """

    rows: NDArray[np.int32]
    source: NDArray[np.floating]
    positions: NDArray[np.int32]


class Block(NamedTuple):
    """Consecutive centers.

    Attributes:
        vectors: (b, D).
        first: the number of the first of them.
        plan: of the exact summation, see `summation_plan`.
    """

    vectors: NDArray[np.floating]
    first: int
    plan: NDArray[np.int64]


class Tile(NamedTuple):
    """What a screen says of some rows and a block of centers.

    Attributes:
        products: (m, b) float32.
        bits: the same memory as int32: a minimum over integers takes a tenth of the time. Products are >= 0 up to
            rounding, where both orders agree; among those under 0 any will do.
        lengths: (m,) of the rows' features.
        slacks: (m,) of the rows' features.
    """

    products: NDArray[np.float32]
    bits: NDArray[np.int32]
    lengths: NDArray[np.float64]
    slacks: NDArray[np.float64]


class Limits(NamedTuple):
    """What else the limit of a product depends on, see `screen`.

    Attributes:
        reach: the largest length of the centers' features.
        slack: the largest slack of the centers.
        scale: of the screen.
        rounding: of the screen.
    """

    reach: float
    slack: float
    scale: float
    rounding: float


class Nearest(NamedTuple):
    """Bounds of a partition, lowered in place.

    Attributes:
        upper: (N,) float64.
        nearest: (N,) the center that each is the distance to.
    """

    upper: NDArray[np.float64]
    nearest: NDArray[np.int32]


@compiled()
def product_limit(upper: float, length: float, slack: float, scale: float, rounding: float) -> np.float32:
    """The largest product with which a pair can still lower the bound ``upper``, as float32, rounded up; see `screen`.

    ``length`` and ``slack`` are the sums of row and center; an infinite length makes the limit infinite.
    """
    bound = (upper * (1 + 1e-9) + VANISHING) * scale + slack
    limit = bound * bound / 2 + rounding * length * length + TINY
    return np.float32(limit * (1 + 2 * UNIT))


@compiled()
def decide(vectors: Vectors, centers: Block, tile: Tile, limits: Limits, bounds: Nearest) -> int:
    """Lower the bounds of a tile of rows by a block of centers.

    Args:
        vectors: of the rows of the tile.
        centers: of the block.
        tile: their products.
        limits: what those are compared with.
        bounds: changed in place.

    Returns:
        How many pairs were decided in float64.
    """
    rows, source, positions = vectors
    block, first, plan = centers
    upper, nearest = bounds
    products, bits, lengths, slacks = tile
    reach, slack, scale, rounding = limits
    stack, decided = np.empty(DEPTH), 0
    box = np.empty(1, np.float32)
    for i in range(len(rows)):
        row, length, both = rows[i], lengths[i] + reach, slacks[i] + slack
        box[0] = product_limit(upper[row], length, both, scale, rounding)
        least = _minimum(bits[i])
        if upper[row] <= 0 or least > box.view(np.int32)[0]:
            continue
        # The likeliest center first: it lowers the limit, which then rules out most of the others.
        x, likely = source[positions[i]], _position(bits[i], least)
        distance = pair_distance(x, block[likely], plan, stack)
        if distance < upper[row]:
            upper[row], nearest[row] = distance, first + likely
        limit = product_limit(upper[row], length, both, scale, rounding)
        decided += 1
        if _at_most(products[i], limit) > (products[i, likely] <= limit):
            for j in range(len(block)):
                if products[i, j] <= limit and j != likely and may_be_nearer(x, block[j], upper[row], scale):
                    decided += 1
                    distance = pair_distance(x, block[j], plan, stack)
                    if distance < upper[row]:
                        upper[row], nearest[row] = distance, first + j
                        limit = product_limit(distance, length, both, scale, rounding)
    return decided


@compiled()
def decide_each(vectors: Vectors, centers: Block, scale: float, bounds: Nearest) -> None:
    """Lower the bounds of rows by a few centers, without a screen; arguments as in `decide`."""
    rows, source, positions = vectors
    block, first, plan = centers
    upper, nearest = bounds
    stack = np.empty(DEPTH)
    for i in range(len(rows)):
        if i + _AHEAD < len(rows):
            prefetch_row(source, positions[i + _AHEAD])
        row, x = rows[i], source[positions[i]]
        for j in range(len(block)):
            if upper[row] == np.inf or may_be_nearer(x, block[j], upper[row], scale):
                distance = pair_distance(x, block[j], plan, stack)
                if distance < upper[row]:
                    upper[row], nearest[row] = distance, first + j


@compiled()
def _minimum(values: NDArray[np.int32]) -> np.int32:
    least = values[0]
    for j in range(len(values)):
        least = min(least, values[j])
    return np.int32(least)


@compiled()
def _position(values: NDArray[np.int32], value: np.int32) -> int:
    j = 0
    while values[j] != value:
        j += 1
    return j


@compiled()
def _at_most(values: NDArray[np.float32], limit: np.float32) -> np.int32:
    count = np.int32(0)
    for j in range(len(values)):
        count += np.int32(values[j] <= limit)
    return count


@compiled(fastmath={"reassoc", "contract"})  # the margin covers any order of the sum
def may_be_nearer(x: NDArray[np.floating], c: NDArray[np.floating], upper: float, scale: float) -> bool:
    """Whether a distance in float32 leaves it open that d(x, c) < upper.

    A sum of squared differences does not cancel: it is off by at most D + 8 units of its own last place.
    """
    total, unit = np.float32(0), np.float32(scale)
    for k in range(len(x)):
        difference = np.float32(x[k] - c[k]) * unit
        total += difference * difference
    bound = (upper + VANISHING) * scale
    least = np.float64(total) * (1 - (len(x) + 8) * UNIT) - TINY
    return bool(not _SMALL < least < _LARGEST or least <= bound * bound * (1 + 1e-9))

"""Exact decisions: of the pairs that a screen could not rule out, the float64 distance."""

import numpy as np

from lightly_ray.compiled import compiled
from lightly_ray.selection.distance import DEPTH, pair_distance
from lightly_ray.selection.intrinsics import prefetch_row
from lightly_ray.selection.screening.screen import TINY, UNIT, VANISHING

_AHEAD = 4  # rows
_SMALL, _LARGEST = 1e-12, 1e30  # squared distances that float32 holds to their last place, in units of the scale


@compiled()
def limit_of(near, length, slack, scale, rounding):  # type: ignore[no-untyped-def]  # numba
    """The largest product with which a pair can still lower the bound ``near``, as float32, rounded up; see `screen`.

    ``length`` and ``slack`` are the sums of row and center; an infinite length makes the limit infinite.
    """
    bound = (near * (1 + 1e-9) + VANISHING) * scale + slack
    limit = bound * bound / 2 + rounding * length * length + TINY
    return np.float32(limit * (1 + 2 * UNIT))


@compiled()
def decide(  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917  # numba takes arrays, not objects
    products,
    bits,
    rows,
    lengths,
    slacks,
    source,
    positions,
    centers,
    first,
    plan,
    reach,
    slack,
    scale,
    rounding,
    home,
    near,
):
    """Lower the bounds of a tile of rows by a block of centers.

    Args:
        products: (m, b) float32, of the screen.
        bits: the same memory as int32: a minimum over integers takes a tenth of the time. Products are >= 0 up to
            rounding, where both orders agree; among those under 0 any will do.
        rows: (m,) where the bounds of the tile lie in ``near``.
        lengths: (m,) of the rows' features.
        slacks: (m,) of the rows' features.
        source: (n, D) vectors; ``positions`` (m,) says where in it the rows of the tile are.
        positions: see ``source``.
        centers: (b, D).
        first: the number of the first of these centers.
        plan: of the exact summation.
        reach: the largest length of the centers' features.
        slack: the largest slack of the centers.
        scale: of the screen.
        rounding: of the screen.
        home: (N,) the center that each row is nearest to, changed in place.
        near: (N,) float64 bounds, changed in place.

    Returns:
        How many pairs were decided in float64.
    """
    stack, decided = np.empty(DEPTH), 0
    box = np.empty(1, np.float32)
    for i in range(len(rows)):
        row, length, both = rows[i], lengths[i] + reach, slacks[i] + slack
        box[0] = limit_of(near[row], length, both, scale, rounding)
        least = _minimum(bits[i])
        if near[row] <= 0 or least > box.view(np.int32)[0]:
            continue
        # The likeliest center first: it lowers the limit, which then rules out most of the others.
        x, likely = source[positions[i]], _position(bits[i], least)
        distance = pair_distance(x, centers[likely], plan, stack)
        if distance < near[row]:
            near[row], home[row] = distance, first + likely
        limit = limit_of(near[row], length, both, scale, rounding)
        decided += 1
        if _at_most(products[i], limit) > (products[i, likely] <= limit):
            for j in range(len(centers)):
                if products[i, j] <= limit and j != likely and may_be_nearer(x, centers[j], near[row], scale):
                    decided += 1
                    distance = pair_distance(x, centers[j], plan, stack)
                    if distance < near[row]:
                        near[row], home[row] = distance, first + j
                        limit = limit_of(distance, length, both, scale, rounding)
    return decided


@compiled()
def decide_each(rows, source, positions, centers, first, plan, scale, home, near):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917  # numba takes arrays, not objects
    """Lower the bounds of rows by a few centers, without a screen; arguments as in `decide`."""
    stack = np.empty(DEPTH)
    for i in range(len(rows)):
        if i + _AHEAD < len(rows):
            prefetch_row(source, positions[i + _AHEAD])
        row, x = rows[i], source[positions[i]]
        for j in range(len(centers)):
            if near[row] == np.inf or may_be_nearer(x, centers[j], near[row], scale):
                distance = pair_distance(x, centers[j], plan, stack)
                if distance < near[row]:
                    near[row], home[row] = distance, first + j


@compiled()
def _minimum(values):  # type: ignore[no-untyped-def]  # numba
    least = values[0]
    for j in range(len(values)):
        least = min(least, values[j])
    return least


@compiled()
def _position(values, value):  # type: ignore[no-untyped-def]  # numba
    j = 0
    while values[j] != value:
        j += 1
    return j


@compiled()
def _at_most(values, limit):  # type: ignore[no-untyped-def]  # numba
    count = np.int32(0)
    for j in range(len(values)):
        count += np.int32(values[j] <= limit)
    return count


@compiled(fastmath={"reassoc", "contract"})  # the margin covers any order of the sum
def may_be_nearer(x, c, near, scale):  # type: ignore[no-untyped-def]  # numba
    """Whether a distance in float32 leaves it open that d(x, c) < near.

    A sum of squared differences does not cancel: it is off by at most D + 8 units of its own last place.
    """
    total, unit = np.float32(0), np.float32(scale)
    for k in range(len(x)):
        difference = np.float32(x[k] - c[k]) * unit
        total += difference * difference
    bound = (near + VANISHING) * scale
    least = np.float64(total) * (1 - (len(x) + 8) * UNIT) - TINY
    return not _SMALL < least < _LARGEST or least <= bound * bound * (1 + 1e-9)

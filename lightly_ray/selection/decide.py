"""Exact decisions: of the pairs that a screen could not rule out, the float64 distance."""

import numba
import numpy as np

from lightly_ray.selection.distance import DEPTH, pair_distance
from lightly_ray.selection.screen import TINY, UNIT


@numba.njit(nogil=True, cache=True)
def limit_of(near, length, reach, scale, rounding):  # type: ignore[no-untyped-def]  # numba
    """The largest product with which a pair can still lower the bound ``near``; see `screen`. Rounded up to float32."""
    if not length + reach < np.inf:
        return np.float32(np.inf)
    lengths = length + reach
    bound = near * scale * (1 + 1e-9) + 4 * UNIT * lengths + 2 * TINY
    limit = bound * bound / 2 + rounding * lengths * lengths + TINY
    return np.float32(limit * (1 + 2 * UNIT))


@numba.njit(nogil=True, cache=True)
def decide(products, bits, rows, lengths, source, positions, centers, plan, reach, scale, rounding, near):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917  # numba takes arrays, not objects
    """Lower the bounds of a tile of rows by a block of centers.

    Args:
        products: (m, b) float32, of the screen.
        bits: the same memory as int32: a minimum over integers takes a tenth of the time. Products are >= 0 up to
            rounding, where both orders agree; among those under 0 any will do.
        rows: (m,) where the bounds of the tile lie in ``near``.
        lengths: (m,) of the rows' features.
        source: (n, D) vectors; ``positions`` (m,) says where in it the rows of the tile are.
        positions: see ``source``.
        centers: (b, D).
        plan: of the exact summation.
        reach: the largest length of the centers' features.
        scale: of the screen.
        rounding: of the screen.
        near: (N,) float64 bounds, changed in place.

    Returns:
        How many pairs were decided in float64.
    """
    stack, decided = np.empty(DEPTH), 0
    box = np.empty(1, np.float32)
    for i in range(len(rows)):
        row = rows[i]
        box[0] = limit_of(near[row], lengths[i], reach, scale, rounding)
        least = _minimum(bits[i])
        if near[row] <= 0 or least > box.view(np.int32)[0]:
            continue
        # The likeliest center first: it lowers the limit, which then rules out most of the others.
        x, likely = source[positions[i]], _position(bits[i], least)
        near[row] = min(near[row], pair_distance(x, centers[likely], plan, stack))
        limit = limit_of(near[row], lengths[i], reach, scale, rounding)
        decided += 1
        if _at_most(products[i], limit) > (products[i, likely] <= limit):
            for j in range(len(centers)):
                if products[i, j] <= limit and j != likely:
                    decided += 1
                    distance = pair_distance(x, centers[j], plan, stack)
                    if distance < near[row]:
                        near[row] = distance
                        limit = limit_of(distance, lengths[i], reach, scale, rounding)
    return decided


@numba.njit(nogil=True, cache=True)
def _minimum(values):  # type: ignore[no-untyped-def]  # numba
    least = values[0]
    for j in range(len(values)):
        least = min(least, values[j])
    return least


@numba.njit(nogil=True, cache=True)
def _position(values, value):  # type: ignore[no-untyped-def]  # numba
    j = 0
    while values[j] != value:
        j += 1
    return j


@numba.njit(nogil=True, cache=True)
def _at_most(values, limit):  # type: ignore[no-untyped-def]  # numba
    count = np.int32(0)
    for j in range(len(values)):
        count += np.int32(values[j] <= limit)
    return count

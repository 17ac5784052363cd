"""Which pairs can matter: float32 products that rule out all others, with a proof.

A screen maps vectors to features, in float32, such that for every row x and center c

    scale d(x, c)  >=  |f(x) - f(c)| - slack(x) - slack(c)

One matrix product with one more coordinate gives, for a tile of rows and a block of centers,

    T = |f(c)|^2 / 2 - f(x) . f(c),   hence   |f(x) - f(c)|^2 = |f(x)|^2 + 2 T

and a pair can lower the bound b of a row only where T is at most

    limit(x) = ((scale b + slacks)^2 - |f(x)|^2) / 2 + margin,

where the margin covers the rounding of the product for every order of summation (Higham, Accuracy and Stability of
Numerical Algorithms, 2002, section 3.1): |T - computed T| <= (q + 2) u (|f(x)| |f(c)| + |f(c)|^2) for
q features, u = 2^-24.
Only pairs at or under the limit are then decided, in float64. What cannot be held in float32 is never ruled out.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from lightly_ray.selection.distance import DEPTH, computable, pair_distance

UNIT = 2.0**-24  # rounding of one float32 operation
_LARGEST = 1e30  # squared norm of features; beyond it a product could leave float32
_TINY = 1e-18  # beside typical lengths of 1: covers numbers that underflow float32
_SAMPLE = 4096  # rows that offset and scale are taken from


class Screen:
    """Features of one partition: the vectors themselves, moved and scaled so that float32 serves them best.

        f(x) = float32( (x - offset) scale ),   slack(x) = 4 u |f(x)| + tiny

    The offset is the mean of some rows: products of data far from the origin would drown the distances. The scale is a
    power of two that brings the typical length to 1.

    Args:
        vectors: (N, D), of any float dtype.
    """

    def __init__(self, vectors: NDArray[np.floating]) -> None:
        some = vectors[:: max(1, len(vectors) // _SAMPLE)].astype(np.float64)
        self.offset = some.mean(axis=0) if len(some) else np.zeros(vectors.shape[1])
        lengths = np.linalg.norm(some - self.offset, axis=1)
        typical = float(np.median(lengths)) or float(lengths.max(initial=0.0)) or 1.0
        self.scale = 2.0 ** float(-np.clip(np.frexp(typical)[1], -1000, 1000))
        self.width = vectors.shape[1] + 1  # features, and the coordinate that adds |f(c)|^2 / 2
        self.rounding = (self.width + 8) * UNIT

    def rows(
        self, source: NDArray[np.floating], positions: NDArray[np.int32], out: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """Write f(x), 1 into ``out`` (m, width); returns the (m,) squared lengths of the features."""
        squares = np.empty(len(positions))
        _features(source, positions, self.offset, self.scale, 1.0, out, squares)
        out[:, -1] = 1
        return squares

    def centers(self, centers: NDArray[np.floating]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """-f(c), |f(c)|^2 / 2 as (b, width), and the (b,) squared lengths."""
        out, squares = np.empty((len(centers), self.width), np.float32), np.empty(len(centers))
        positions = np.arange(len(centers), dtype=np.int32)
        _features(computable(centers), positions, self.offset, self.scale, -1.0, out, squares)
        out[:, -1] = np.where(np.isinf(squares), 0, squares / 2)
        return out, squares


@numba.njit(nogil=True, cache=True)
def _features(source, positions, offset, scale, sign, out, squares):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917  # numba takes arrays, not objects
    for i in range(len(positions)):
        x, features = source[positions[i]], out[i]
        for k in range(len(offset)):
            features[k] = np.float32((np.float64(x[k]) - offset[k]) * scale) * np.float32(sign)
        squares[i] = _square(features, len(offset))
        if not squares[i] < _LARGEST:
            features[:] = 0  # no product may become NaN; an infinite length lifts every limit to infinity
            squares[i] = np.inf


@numba.njit(nogil=True, cache=True, fastmath={"reassoc", "contract"})  # the margin covers any order of the sum
def _square(features, count):  # type: ignore[no-untyped-def]  # numba
    total = 0.0
    for k in range(count):
        total += np.float64(features[k]) * np.float64(features[k])
    return total


@numba.njit(nogil=True, cache=True)
def _limit(near, square, reach, scale, rounding):  # type: ignore[no-untyped-def]  # numba
    """The largest product T of a row that can still lower its bound, as float32, rounded up."""
    length = np.sqrt(square)
    bound = near * scale * (1 + 1e-9) + 4 * UNIT * (length + reach) + _TINY
    margin = rounding * (length * reach + reach * reach) + UNIT * square + _TINY
    limit = (bound * bound - square) / 2 + margin if square < np.inf and reach < np.inf else np.inf
    return np.float32(limit + abs(limit) * 2 * UNIT)


@numba.njit(nogil=True, cache=True)
def decide(products, rows, squares, source, positions, centers, plan, reach, scale, rounding, near):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917  # numba takes arrays, not objects
    """Lower the bounds of a tile of rows by a block of centers, exactly.

    Args:
        products: (m, b) float32, T of the module docstring.
        rows: (m,) where the bounds of the tile lie in ``near``.
        squares: (m,) squared lengths of the rows' features.
        source: (n, D) vectors, ``positions`` (m,) says where in it the rows of the tile are.
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
    for i in range(len(rows)):
        row = rows[i]
        limit = _limit(near[row], squares[i], reach, scale, rounding)
        if not _any_at_most(products[i], limit):
            continue
        x, nearest = source[positions[i]], np.argmin(products[i])
        # The likeliest center first: it lowers the limit, which then rules out most of the others.
        for turn in range(-1, len(centers)):
            j = nearest if turn < 0 else turn
            if (turn < 0 or j != nearest) and products[i, j] <= limit:
                decided += 1
                distance = pair_distance(x, centers[j], plan, stack)
                if distance < near[row]:
                    near[row] = distance
                    limit = _limit(distance, squares[i], reach, scale, rounding)
    return decided


@numba.njit(nogil=True, cache=True)
def _any_at_most(products, limit):  # type: ignore[no-untyped-def]  # numba
    found = False
    for j in range(len(products)):
        found |= products[j] <= limit
    return found

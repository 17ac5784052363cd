"""Leading coordinates of unit vectors, in the leaves of a tree: points that are near stand together.

    |a - b|^2  >=  |Q^T (a - b)|^2 + (|a - Q Q^T a| - |b - Q Q^T b|)^2        for orthonormal axes Q

so two vectors whose leading coordinates and lengths of the rest lie farther apart than a distance do so themselves.
The axes are those of the largest variance in a sample; any others would be right too. The tree halves the points at
a median along the axis of their largest variance, until 256 are left: N log N.
"""

import os
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lightly_ray.data.vectors import Matrix
from lightly_ray.platform.grouping.units import batches, units
from lightly_ray.selection.threads import on_threads, single_products

LEAF = 256  # points; a pass over 8 of their coordinates stays in the nearest cache
GROUP = 8  # coordinates that are compared at a time
BOX = 16  # coordinates by which whole leaves are told apart
_AXES = 63  # and the length of the rest: as many as 8 groups
_SAMPLE = 1024
FAR = 1e18  # a coordinate of a place that no point has; its square fits
# Coordinates are rounded to float32: a point, at most 1 from the origin, moves by this at most.
ROUNDING = 2.0**-24


class Leaves(NamedTuple):
    """N points in L leaves of `LEAF` places each; the last one may have places without a point.

    Attributes:
        order: (N,) int64, which vector stands in each place.
        leading: (L, C, LEAF) float32, C a multiple of `GROUP`.
        low, high: (L, B) float32, the limits of the first coordinates of each leaf, B at most `BOX`.
    """

    order: NDArray[np.int64]
    leading: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]


def leaves(vectors: Matrix, scales: NDArray[np.float64], rows: NDArray[np.int64]) -> Leaves:
    """The leaves of some rows, none of them a zero vector, at least one.

    Args:
        vectors: (M, D), finite.
        scales: (M, 2), see `units.scales`.
        rows: (N,) which of them.
    """
    coordinates = _coordinates(vectors, scales, rows)
    places = np.arange(len(rows))
    _sort(coordinates[:, :BOX], places)
    count = -(-len(rows) // LEAF)
    leading = np.full((count, coordinates.shape[1], LEAF), FAR, dtype=np.float32)
    low = np.empty((count, min(BOX, coordinates.shape[1])), dtype=np.float32)
    high = np.empty_like(low)
    for leaf in range(count):
        here = coordinates[places[leaf * LEAF : (leaf + 1) * LEAF]]
        leading[leaf, :, : len(here)] = here.T
        low[leaf], high[leaf] = here[:, :BOX].min(axis=0), here[:, :BOX].max(axis=0)
    return Leaves(rows[places], leading, low, high)


def _coordinates(vectors: Matrix, scales: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """(N, C): the leading ones, the length of the rest, and zeros up to a multiple of `GROUP`."""
    with single_products():
        axes = _axes(vectors, scales, rows)
    used = axes.shape[1] + (axes.shape[1] < vectors.shape[1])
    found = np.zeros((len(rows), -(-used // GROUP) * GROUP), dtype=np.float32)

    def fill(part: slice) -> None:
        here = units(vectors[rows[part]], scales[rows[part]])
        along = here @ axes
        found[part, : axes.shape[1]] = along
        if used > axes.shape[1]:
            # Not the root of 1 - |along|^2, which is known to half as many digits.
            found[part, axes.shape[1]] = np.sqrt(np.square(here - along @ axes.T).sum(axis=1))

    on_threads(os.cpu_count() or 1, fill, batches(len(rows), vectors.shape[1]))
    return found


def _axes(vectors: Matrix, scales: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """(D, K) orthonormal, by falling variance, K at most `_AXES`."""
    dimensions = vectors.shape[1]
    # Of very wide vectors fewer: the sample is 64 MB at most, but never smaller than the axes want.
    size = min(len(rows), max(2 * _AXES, min(_SAMPLE, 2**23 // dimensions)))
    sample = np.sort(np.random.default_rng(0).choice(rows, size, replace=False))
    points = units(vectors[sample], scales[sample])
    points -= points.mean(axis=0)
    axes = np.linalg.svd(points, full_matrices=False)[2][:_AXES].T
    # Few points leave axes without variance, which need not be orthonormal to the last digit.
    return np.asarray(np.linalg.qr(axes)[0])


def _sort(coordinates: NDArray[np.float32], places: NDArray[np.int64]) -> None:
    """Bring places into the order of the leaves."""
    parts = [(0, len(places))]
    while parts:
        start, stop = parts.pop()
        count = -(-(stop - start) // LEAF)
        if count < 2:
            continue
        here = places[start:stop]
        axis = int(coordinates[here].var(axis=0).argmax())
        middle = (count + 1) // 2 * LEAF
        places[start:stop] = here[np.argpartition(coordinates[here, axis], middle - 1)]
        parts += [(start, start + middle), (start + middle, stop)]

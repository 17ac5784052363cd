"""The full screen: all coordinates, in float32."""

import numpy as np
from numpy.typing import NDArray

from lightly_ray.compiled import compiled
from lightly_ray.selection.distance import computable
from lightly_ray.selection.intrinsics import prefetch_row
from lightly_ray.selection.screening.screen import TINY, UNIT, Screen, Sized, as_centers

_LARGEST = 1e30  # squared length of features; beyond it a product could leave float32
_AHEAD = 4  # rows


class FullScreen(Screen):
    """Features of one partition: the vectors themselves, moved and scaled so that float32 serves them best.

        f(x) = float32( (x - offset) scale ),   slack(x) = 4 u |f(x)| + tiny

    The offset is the mean of some rows: products of data far from the origin would drown the distances. The scale is a
    power of two that brings the typical length to 1.

    Args:
        vectors: (N, D), of any float dtype.
        sample: about how many rows offset and scale are taken from.
    """

    def __init__(self, vectors: NDArray[np.floating], sample: int = 4096) -> None:
        some = vectors[:: max(1, len(vectors) // sample)].astype(np.float64)
        # In the precision of the vectors: a difference is then rounded once, however it is computed.
        limits = np.finfo(np.float64 if vectors.dtype == np.float64 else np.float32)
        middle = some.mean(axis=0) if len(some) else np.zeros(vectors.shape[1])
        self._offset = middle.astype(limits.dtype)
        typical = _typical_length(some - self._offset)
        most = limits.maxexp - 2
        self.scale = 2.0 ** float(-np.clip(np.frexp(typical)[1], -most, most))
        self.width = vectors.shape[1] + 2

    def tile(
        self,
        rows: NDArray[np.int32],
        source: NDArray[np.floating],
        positions: NDArray[np.int32],
        out: NDArray[np.float32],
    ) -> Sized:
        """Write f(x), 1, |f(x)|^2 / 2 of some rows into ``out``, see `Screen`."""
        return self.rows(source, positions, out)

    def rows(self, source: NDArray[np.floating], positions: NDArray[np.int32], out: NDArray[np.float32]) -> Sized:
        """Write f(x), 1, |f(x)|^2 / 2 into ``out`` (m, width)."""
        lengths = np.empty(len(positions))
        _features(source, positions, (self._offset, self._offset.dtype.type(self.scale)), out, lengths)
        return Sized(lengths, 4 * UNIT * lengths + TINY)

    def centers(self, centers: NDArray[np.floating]) -> tuple[NDArray[np.float32], Sized]:
        """-f(c), |f(c)|^2 / 2, 1 as (b, width), and what limits need."""
        out = np.empty((len(centers), self.width), np.float32)
        sized = self.rows(computable(centers), np.arange(len(centers), dtype=np.int32), out)
        return as_centers(out), sized


def _typical_length(vectors: NDArray[np.float64]) -> float:
    """The median length, the largest one where that is 0, and 1 where all are."""
    largest = float(np.abs(vectors).max(initial=0.0))
    if largest == 0:
        return 1.0
    lengths = np.linalg.norm(vectors / largest, axis=1)  # no square may overflow or vanish
    return (float(np.median(lengths)) or float(lengths.max())) * largest


@compiled()
def _features(
    source: NDArray[np.floating],
    positions: NDArray[np.int32],
    frame: tuple[NDArray[np.floating], np.floating],
    out: NDArray[np.float32],
    lengths: NDArray[np.float64],
) -> None:
    """Write features and lengths; ``frame``: the offset, and the scale in its precision."""
    offset, scale = frame
    dimensions = len(offset)
    for i in range(len(positions)):
        if i + _AHEAD < len(positions):
            prefetch_row(source, positions[i + _AHEAD])
        x, features = source[positions[i]], out[i]
        for k in range(dimensions):
            features[k] = np.float32((x[k] - offset[k]) * scale)
        square = _square(features, dimensions)
        lengths[i] = np.sqrt(square)
        if not square < _LARGEST:
            # No product may become NaN; an infinite length lifts every limit to infinity.
            features[:], square, lengths[i] = 0, 0.0, np.inf
        features[dimensions], features[dimensions + 1] = 1, square / 2


@compiled(fastmath={"reassoc", "contract"})  # the margin covers any order of the sum
def _square(features: NDArray[np.float32], count: int) -> float:
    total = 0.0
    for k in range(count):
        total += np.float64(features[k]) * np.float64(features[k])
    return total

"""Principal coordinates first: a screen with few coordinates for data that varies mostly along a few axes.

With P the projection on the p leading principal axes, Pythagoras and the triangle inequality give

    d(x, c)^2  >=  |P x - P c|^2 + (|x - P x| - |c - P c|)^2,

again a squared distance, of the p + 1 coordinates (P x, |x - P x|): products take (p + 3) / (D + 2) of the time, and
most pairs are ruled out all the same. A row is projected when it is first compared with something, and kept.

The slack covers what float32 makes of it. With |f| the length of the full features and r the computed |x - P x|: the
projection is off by at most e |f|, e = (D + 4) u sqrt(p) + what the axes lack of orthonormal, hence r^2 by
2 e |f|^2 =: g, and r by min(sqrt(g), g / r).
"""

import numpy as np
from numpy.typing import NDArray

from lightly_ray.compiled import compiled
from lightly_ray.selection.distance import computable
from lightly_ray.selection.intrinsics import prefetch_row
from lightly_ray.selection.screening.full import FullScreen
from lightly_ray.selection.screening.screen import TINY, UNIT, Screen, Sized, as_centers

_SHARE = 0.2  # of the bytes of the vectors
_SAMPLE = 2048  # rows that the axes are taken from
_TRIED = 256  # rows and centers that show what the principal coordinates let through
_SURVIVORS = 0.06  # of the pairs; a survivor costs as much as some four products of all its coordinates
_AHEAD = 6  # rows


class PrincipalScreen(Screen):
    """Features (P x, |x - P x|) of one partition.

    Args:
        full: the screen that moves and scales.
        axes: (D, p) orthonormal.
        rows: N.
    """

    def __init__(self, full: FullScreen, axes: NDArray[np.float64], rows: int) -> None:
        self._full, self._axes = full, axes.astype(np.float32)
        dimensions, count = axes.shape
        self.scale, self.width = full.scale, count + 3
        skew = float(np.linalg.norm(axes.T @ axes - np.eye(count)))
        self._error = (dimensions + 4) * UNIT * float(np.sqrt(count)) + skew
        self._kept = np.empty((rows, count + 1), np.float32)
        self._has = np.zeros(rows, bool)

    def tile(
        self,
        rows: NDArray[np.int32],
        source: NDArray[np.floating],
        positions: NDArray[np.int32],
        out: NDArray[np.float32],
    ) -> Sized:
        """Write the features of rows of the partition into ``out`` (m, width)."""
        missing = np.flatnonzero(~self._has[rows])
        if len(missing):
            self._kept[rows[missing]] = self._project(source, positions[missing])
            self._has[rows[missing]] = True
        return self._finish(self._kept, rows, out)

    def centers(self, centers: NDArray[np.floating]) -> tuple[NDArray[np.float32], Sized]:
        """-f(c), |f(c)|^2 / 2, 1 as (b, width), and what limits need."""
        out, positions = np.empty((len(centers), self.width), np.float32), np.arange(len(centers), dtype=np.int32)
        sized = self._finish(self._project(computable(centers), positions), positions, out)
        return as_centers(out), sized

    def _project(self, source: NDArray[np.floating], positions: NDArray[np.int32]) -> NDArray[np.float32]:
        """(m, p + 1): principal coordinates and the length of the rest, -1 where float32 cannot hold them."""
        whole = np.empty((len(positions), self._full.width), np.float32)
        lengths = self._full.rows(source, positions, whole).lengths
        features = np.empty((len(positions), self.width - 2), np.float32)
        features[:, :-1] = whole[:, :-2] @ self._axes
        rest = lengths**2 - np.square(features[:, :-1], dtype=np.float64).sum(axis=1)
        features[:, -1] = np.where(np.isinf(lengths), -1, np.sqrt(np.maximum(rest, 0)))
        return features

    def _finish(self, features: NDArray[np.float32], rows: NDArray[np.int32], out: NDArray[np.float32]) -> Sized:
        sized = Sized(np.empty(len(rows)), np.empty(len(rows)))
        _gather(features, rows, self._error, out, (sized.lengths, sized.slacks))
        return sized


def principal_screen(
    vectors: NDArray[np.floating], full: FullScreen, upper: NDArray[np.float64], centers: NDArray[np.floating]
) -> PrincipalScreen | None:
    """The screen of principal coordinates, or None where it would let too many pairs through.

    What it lets through is counted on the rows with the largest bounds, which are those that will be compared.

    Args:
        vectors: (N, D), of any float dtype.
        full: their full screen.
        upper: (N,) bounds of their distances to the centers.
        centers: (K, D).
    """
    count, dimensions = vectors.shape
    most = int(_SHARE * dimensions * vectors.itemsize / 4) - 1
    if most < 8 or count < 2:
        return None
    sample = np.arange(0, count, max(1, count // _SAMPLE), dtype=np.int32)
    features = np.empty((len(sample), full.width), np.float32)
    full.rows(computable(vectors[sample]), np.arange(len(sample), dtype=np.int32), features)
    screen = PrincipalScreen(full, _principal_axes(features[:, :-2], most), count)
    rows = sample[np.argsort(-upper[sample])[:_TRIED]]
    tried, farthest = centers[-_TRIED:], computable(vectors[rows])
    bounds = np.minimum(np.square(upper[rows] * full.scale) / 2, _products(full, farthest, tried).min(axis=1))
    return screen if np.mean(_products(screen, farthest, tried) <= bounds[:, None]) <= _SURVIVORS else None


def _products(screen: Screen, vectors: NDArray[np.floating], centers: NDArray[np.floating]) -> NDArray[np.float32]:
    """(m, b) half the squared distances of the features of vectors and centers; keeps nothing."""
    return np.asarray(as_centers(screen.centers(vectors)[0]) @ screen.centers(centers)[0].T)


def _principal_axes(sample: NDArray[np.float32], count: int) -> NDArray[np.float64]:
    """(D, count) orthonormal axes that hold most of the squared length, most first: subspace iteration."""
    moments = (sample.T @ sample).astype(np.float64)
    moments.flat[:: len(moments) + 1] += 1e-6 * np.trace(moments) / len(moments) or 1.0  # full rank, whatever the data
    axes = np.linalg.qr(np.random.default_rng(0).standard_normal((sample.shape[1], count)))[0]
    for _ in range(3):
        axes = np.linalg.qr(moments @ axes)[0]
    order = np.argsort(-np.einsum("dp,dp->p", axes, moments @ axes), kind="stable")
    return np.ascontiguousarray(axes[:, order])


@compiled()
def _gather(
    kept: NDArray[np.float32],
    rows: NDArray[np.int32],
    error: float,
    out: NDArray[np.float32],
    sized: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    """Write the features of rows into ``out``, and lengths and slacks into ``sized``."""
    lengths, slacks = sized
    count = kept.shape[1]
    for i in range(len(rows)):
        if i + _AHEAD < len(rows):
            prefetch_row(kept, rows[i + _AHEAD])
        square = 0.0
        for k in range(count):
            out[i, k] = kept[rows[i], k]
            square += np.float64(out[i, k]) * np.float64(out[i, k])
        length, rest = np.sqrt(square), np.float64(out[i, count - 1])
        if rest < 0:
            out[i, :], square, length = 0, 0.0, np.inf
        out[i, count], out[i, count + 1] = 1, square / 2
        loss = 2.01 * error * square
        lengths[i] = length
        slacks[i] = (error + 8 * UNIT) * length + min(np.sqrt(loss), loss / max(rest, TINY)) + TINY

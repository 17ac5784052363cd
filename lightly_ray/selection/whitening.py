"""Whitening: principal axes, each scaled to unit variance, so that no few of them decide what is far.

On plain axes the farthest samples are odd ones of few classes; behind whitening they are spread over all of them.

    Moments      rows -> count, sum and sum of products, exact in whatever parts the rows come
    Whitening    the fitted transform: rows -> their coordinates on the scaled axes

Both compute with whole numbers in float64, small enough that no sum is ever rounded: a row brought to 2^e times whole
numbers, the same for that row whatever lies beside it. So neither the parts of the data nor the order in which a matrix
product adds can change a bit.

References:
    Kessy, Lewin, Strimmer. Optimal whitening and decorrelation. The American Statistician 2018: PCA whitening (eq. 14).
"""

import hashlib
import io
import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lightly_ray.errors import InvalidInputError
from lightly_ray.selection.threads import single_products

AXES = 128  # at most
# Of the largest variance: an axis with less is scaled as if it had that. 0 and 1e-4 gave the same picks on digits,
# clothes, Fashion-MNIST and satellite images, 1e-2 worse ones; what lies below 1e-4 is noise rather than content.
_FLOOR = 1e-4
_NOTHING = 1e-9  # of the largest variance: rounding, no axis
_BITS = 18  # of a coordinate: products have 36
_ROWS = 1 << 11  # at a time: they stay in the processor's cache; 2^16 fit 52 bits, 2^27 of all rows the int64 behind


class Moments:
    """Count, sum and sum of products of rows, by the exponent that a row is scaled with.

    Args:
        width: D.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._parts: dict[int, tuple[int, NDArray[np.int64], NDArray[np.int64]]] = {}

    def add(self, block: NDArray[np.floating[Any]]) -> None:
        """Take rows (n, D), all finite."""
        with single_products():
            for start in range(0, len(block), _ROWS):
                scaled, exponents = _whole_numbers(block[start : start + _ROWS], _BITS)
                for exponent in np.unique(exponents).tolist():
                    rows = scaled[exponents == exponent]
                    part = len(rows), rows.sum(axis=0).astype(np.int64), (rows.T @ rows).astype(np.int64)
                    self._add(exponent, part)

    def merge(self, other: Self) -> None:
        """Take the rows that another one took."""
        for exponent, part in other._parts.items():
            self._add(exponent, part)

    def _add(self, exponent: int, part: tuple[int, NDArray[np.int64], NDArray[np.int64]]) -> None:
        before = self._parts.get(exponent)
        self._parts[exponent] = (
            part if before is None else (before[0] + part[0], before[1] + part[1], before[2] + part[2])
        )

    def fit(self) -> "Whitening":
        """The whitening of these rows.

        Raises:
            InvalidInputError: all rows are alike, so there is no axis.
        """
        count = sum(part[0] for part in self._parts.values())
        total, products = np.zeros(self._width), np.zeros((self._width, self._width))
        for exponent, (_, sums, squares) in sorted(self._parts.items()):
            total += np.ldexp(sums.astype(np.float64), exponent - _BITS)
            products += np.ldexp(squares.astype(np.float64), 2 * (exponent - _BITS))
        mean = total / max(1, count)
        with single_products():  # the same bits wherever it is fitted
            variances, vectors = np.linalg.eigh(products / max(1, count) - np.outer(mean, mean))
        order = np.argsort(variances, kind="stable")[::-1][: min(AXES, max(0, count - 1))]
        largest = variances[order[0]] if len(order) else 0.0
        kept = order[variances[order] > _NOTHING * max(largest, float(np.diag(products).max()) / max(1, count))]
        if not len(kept):
            raise InvalidInputError("all embeddings are alike: whitening finds no axis, use normalize=False")
        scale = np.sqrt(np.maximum(variances[kept], _FLOOR * largest))
        axes = np.ascontiguousarray((vectors[:, kept] / scale).T)
        return Whitening(axes, np.array([math.fsum(axis * mean) for axis in axes]))


@dataclass(frozen=True, slots=True, eq=False)
class Whitening:
    """A fitted whitening.

    Attributes:
        axes: (k, D) float64, each divided by the standard deviation along it; largest variance first.
        offset: (k,) float64, where the mean lies on them.
    """

    axes: NDArray[np.float64]
    offset: NDArray[np.float64]

    def __call__(self, rows: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Coordinates (n, k) of rows (n, D), all finite; the same bits for a row whatever lies beside it.

        A row at the mean, which has no direction, becomes the first unit vector.
        """
        bits = (52 - math.ceil(math.log2(self.axes.shape[1] + 1))) // 2
        axes, of_axes = _whole_numbers(self.axes, bits)
        result = np.empty((len(rows), len(axes)), np.float32)
        with single_products():
            for start in range(0, len(rows), _ROWS):
                scaled, exponents = _whole_numbers(rows[start : start + _ROWS], bits)
                exact = np.ldexp(scaled @ axes.T, exponents[:, None] + of_axes - 2 * bits)
                result[start : start + _ROWS] = exact - self.offset
        result[~result.any(axis=1), 0] = 1
        return result

    def require_width(self, width: int) -> None:
        """Raise `InvalidInputError` unless embeddings of this many coordinates can be whitened."""
        if width != self.axes.shape[1]:
            raise InvalidInputError(
                f"the axes of normalize were fitted on embeddings of {self.axes.shape[1]} coordinates, these have "
                f"{width}"
            )

    @property
    def digest(self) -> str:
        """Of axes and offset."""
        return hashlib.blake2b(self.axes.tobytes() + self.offset.tobytes(), digest_size=16).hexdigest()

    def to_bytes(self) -> bytes:
        """As a file."""
        file = io.BytesIO()
        np.savez(file, axes=self.axes, offset=self.offset)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what ``to_bytes`` wrote."""
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            return cls(stored["axes"], stored["offset"])


def _whole_numbers(rows: NDArray[np.floating[Any]], bits: int) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Each row as 2^(e - bits) times whole numbers of at most ``bits`` bits: those, and e of each."""
    values = rows.astype(np.float64)
    exponents = np.frexp(np.abs(values).max(axis=1))[1]
    return np.rint(np.ldexp(values, (bits - exponents)[:, None])), exponents

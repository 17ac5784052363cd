"""How far one sample covers another: an RBF kernel of 15 bits, alone or times how far their classes agree.

    K_ij = exp(-|x_i - x_j|^2 / sigma^2)
    by a candidate      K_ij (1 + sqrt(u_i . u_j)) / 2      u = q / |q|, q the probabilities of the classes
    by a labelled one   K_ij (1 + u_i . u_j) / 2            u of the labelled one: 1 at its class

So a sample is covered by a labelled one as far as it is predicted to be of that label's class, and by a candidate as
far as both are predicted to be alike; half of the kernel stays where a model is wrong. Vectors and directions of
classes are whole numbers (see `whole_numbers`), and both functions are tables, so every entry is exact.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightly_ray.compiled import compiled
from lightly_ray.selection.whole_numbers import STEPS, squared_norms

ONE = 1 << 15  # of the kernel
_SHIFT = 10  # squared distances / 2^10 are places in the table: 62,500 at most
_AGREE = 8  # products of directions / 2^8 likewise
_PLACES = 1 << 16
_TILE = 2048  # samples whose products with some candidates stay in the processor's cache


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples in whole numbers.

    Attributes:
        vectors: (n, D) unit vectors in steps.
        classes: (n, C) directions of class probabilities in steps, of labelled samples of their class; None where
            classes are not looked at.
    """

    vectors: NDArray[np.float32]
    classes: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.vectors)

    @cached_property
    def norms(self) -> NDArray[np.int32]:
        """(n,) squared lengths."""
        return squared_norms(self.vectors)

    def part(self, some: Any) -> "Samples":
        """Those of a slice, of positions or of a mask."""
        return Samples(self.vectors[some], None if self.classes is None else self.classes[some])


class Kernel:
    """How far samples cover each other.

    Args:
        sigma: width, of unit vectors.
        labelled: whether those that cover have labels.
    """

    def __init__(self, sigma: float, *, labelled: bool = False) -> None:
        squared = np.arange(_PLACES) << _SHIFT
        self._near = np.rint(ONE * np.exp(-squared / (STEPS * sigma) ** 2)).astype(np.uint16)
        agreement = np.minimum(1, (np.arange(_PLACES) << _AGREE) / STEPS**2)
        self._alike = np.rint(ONE / 2 * (1 + (agreement if labelled else np.sqrt(agreement)))).astype(np.uint16)

    def between(self, covering: Samples, pool: Samples, out: NDArray[np.uint16], begin: int = 0) -> None:
        """Write how far some samples (m) cover each of the pool (n), from ``begin`` on, into ``out`` (m, n)."""
        for start in range(begin, len(pool), _TILE):
            some = slice(start, start + _TILE)
            products = covering.vectors @ pool.vectors[some].T
            _look_up(products, covering.norms, pool.norms[some], self._near, out[:, some])
            if covering.classes is not None and pool.classes is not None:
                _times(covering.classes @ pool.classes[some].T, self._alike, out[:, some])


@compiled()
def _look_up(
    products: NDArray[np.float32],
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    table: NDArray[np.uint16],
    out: NDArray[np.uint16],
) -> None:
    for row in range(len(rows)):
        for column in range(len(columns)):
            squared = rows[row] + columns[column] - 2 * np.int32(products[row, column])
            out[row, column] = table[squared >> _SHIFT]


@compiled()
def _times(products: NDArray[np.float32], table: NDArray[np.uint16], out: NDArray[np.uint16]) -> None:
    for row in range(len(products)):
        for column in range(products.shape[1]):
            alike = np.uint32(table[np.int32(products[row, column]) >> _AGREE])
            out[row, column] = np.uint16((np.uint32(out[row, column]) * alike) >> 15)

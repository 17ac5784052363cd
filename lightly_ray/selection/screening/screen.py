"""Which pairs can matter: float32 products that rule out all others, with a proof.

A screen maps vectors to features, in float32, such that for every row x and center c

    scale d(x, c)  >=  |f(x) - f(c)| - slack(x) - slack(c)

One matrix product with two more coordinates gives half the squared distances of the features, for a tile of rows and a
block of centers:

    [f(x), 1, |f(x)|^2 / 2] . [-f(c), |f(c)|^2 / 2, 1]  =  |f(x) - f(c)|^2 / 2

A pair can lower the bound b of a row only where this is at most

    limit  =  (scale b + slack(x) + slack(c))^2 / 2  +  (q + 8) u (|f(x)| + |f(c)|)^2,     u = 2^-24, q coordinates,

the last term being the rounding of the product for every order of summation (Higham, Accuracy and Stability of
Numerical Algorithms, 2002, section 3.1). Only pairs at or under the limit are decided, in float64 (`decide`). What
float32 cannot hold is never ruled out.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UNIT = 2.0**-24  # rounding of one float32 operation
TINY = 1e-18  # beside typical lengths of 1: covers numbers that underflow float32
VANISHING = 1e-160  # of what a float64 distance can lose where its squares underflow


@dataclass(frozen=True, slots=True, eq=False)
class Sized:
    """What limits need to know of the features of some vectors.

    Attributes:
        lengths: (m,) |f|, inf where float32 cannot hold the features (they are 0 then).
        slacks: (m,) slack of each.
    """

    lengths: NDArray[np.float64]
    slacks: NDArray[np.float64]


class Screen(ABC):
    """Features of the rows of one partition, and of centers.

    Attributes:
        scale: of the inequality in the module docstring.
        width: q + 2.
    """

    scale: float
    width: int

    @property
    def rounding(self) -> float:
        """(q + 8) u of the limit."""
        return float((self.width + 8) * UNIT)

    @abstractmethod
    def tile(
        self,
        rows: NDArray[np.int32],
        source: NDArray[np.floating],
        positions: NDArray[np.int32],
        out: NDArray[np.float32],
    ) -> Sized:
        """Write f(x), 1, |f(x)|^2 / 2 of some rows into ``out`` (m, width).

        Args:
            rows: where they lie in the partition.
            source: (n, D) float32 or float64; ``positions`` (m,) says where in it they lie.
            positions: see ``source``.
            out: (m, width).
        """

    @abstractmethod
    def centers(self, centers: NDArray[np.floating]) -> tuple[NDArray[np.float32], Sized]:
        """-f(c), |f(c)|^2 / 2, 1 as (b, width), and what limits need."""


def as_centers(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """From f, 1, |f|^2 / 2 of rows to -f, |f|^2 / 2, 1 of centers, and back, in place."""
    features[:, :-2] *= -1
    features[:, -2:] = features[:, :-3:-1].copy()
    return features

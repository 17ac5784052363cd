"""How good a selection is, at most and at least: radius, and a bound that no selection of its size can beat."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Certificate:
    """A cover and its proof.

    Attributes:
        radius: the largest distance of any query sample to the selection.
        lower_bound: no selection of that size which contains the preselected samples has a smaller radius.
        factor: radius / lower_bound, 1 where the radius is 0.
    """

    radius: float
    lower_bound: float

    @property
    def factor(self) -> float:
        """How many times the best possible radius this one is, at most."""
        return self.radius / self.lower_bound if self.radius else 1.0


def certificate(radii: NDArray[np.float64], picks: int) -> Certificate:
    """Bound the best radius of ``picks`` centers by the radii on the way to j x ``picks``.

        r* >= R_j sqrt( j / (2 (j + 1)) )    for every j,  R_j = radius after j k picks

    After j k picks, these and the farthest sample are j k + 1 points that lie pairwise, and from the preselected,
    at least R_j apart. A selection with a radius under R_j must cover all of them by its k free centers, so one center
    covers j + 1. In a ball of radius r the squared distances of j + 1 points add up to at most (j + 1)^2 r^2, and
    here to at least R_j^2 j (j + 1) / 2. For j = 1 it is Gonzalez's R / 2, for large j it tends to R_j / sqrt(2).

    Args:
        radii: (m + 1,) radius after 0 .. m picks, m >= ``picks``; 0 where everything is selected.
        picks: k, how many picks the selection has.

    References:
        Gonzalez. Clustering to minimize the maximum intercluster distance. TCS 1985.
    """
    radius = float(radii[picks])
    if picks == 0:  # the selection is the preselected set, and there is no other
        return Certificate(radius, radius)
    reached = range(1, (len(radii) - 1) // picks + 1)
    return Certificate(radius, max(_bound(float(radii[j * picks]), j) for j in reached))


def _bound(radius: float, j: int) -> float:
    if j == 1:
        return radius / 2
    # Slightly less, so that rounding cannot lift the bound over the optimum.
    return radius * float(np.sqrt(j / (2 * (j + 1)))) * (1 - 1e-12)

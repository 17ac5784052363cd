"""The centers that a shard knows, as the exact distance and as the screen want them."""

import numpy as np
from numpy.typing import NDArray

from lightly_ray.selection.distance import computable
from lightly_ray.selection.screening.screen import Screen


class Centers:
    """A growing list of centers.

    Attributes:
        screen: what makes their features.
    """

    def __init__(self, dimensions: int, dtype: np.dtype[np.floating], screen: Screen) -> None:
        self.screen = screen
        self._count = 0
        self._vectors = computable(np.empty((0, dimensions), dtype))
        self._features = np.empty((0, screen.width), np.float32)
        self._lengths, self._slacks = np.empty(0), np.empty(0)

    def __len__(self) -> int:
        return self._count

    @property
    def vectors(self) -> NDArray[np.floating]:
        """(n, D) float32 or float64, the values as stored."""
        return self._vectors[: self._count]

    @property
    def features(self) -> NDArray[np.float32]:
        """(n, width) what the screen makes of them."""
        return self._features[: self._count]

    def sized(self, block: slice) -> tuple[float, float]:
        """The largest length and the largest slack of the features of a block."""
        return float(self._lengths[block].max()), float(self._slacks[block].max())

    def append(self, vectors: NDArray[np.floating]) -> None:
        """Add (b, D) centers."""
        features, sized = self.screen.centers(vectors)
        start, self._count = self._count, self._count + len(vectors)
        if self._count > len(self._lengths):
            self._grow(max(64, 2 * self._count))
        self._vectors[start : self._count] = vectors
        self._features[start : self._count] = features
        self._lengths[start : self._count], self._slacks[start : self._count] = sized.lengths, sized.slacks

    def _grow(self, capacity: int) -> None:
        for name in ("_vectors", "_features", "_lengths", "_slacks"):
            old = getattr(self, name)
            new = np.empty((capacity, *old.shape[1:]), old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)

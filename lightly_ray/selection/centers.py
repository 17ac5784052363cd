"""The centers that a shard knows, as the exact distance and as the screen want them."""

import numpy as np
from numpy.typing import NDArray

from lightly_ray.selection.distance import computable
from lightly_ray.selection.screen import Screen


class Centers:
    """A growing list of centers."""

    def __init__(self, dimensions: int, dtype: np.dtype[np.floating], screen: Screen) -> None:
        self._screen = screen
        self._count = 0
        self._vectors = computable(np.empty((0, dimensions), dtype))
        self._features = np.empty((0, screen.width), np.float32)
        self._lengths = np.empty(0)

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

    @property
    def lengths(self) -> NDArray[np.float64]:
        """(n,) lengths of their features."""
        return self._lengths[: self._count]

    def append(self, vectors: NDArray[np.floating]) -> None:
        """Add (b, D) centers."""
        features, lengths = self._screen.centers(vectors)
        start, self._count = self._count, self._count + len(vectors)
        if self._count > len(self._lengths):
            self._grow(max(64, 2 * self._count))
        self._vectors[start : self._count] = vectors
        self._features[start : self._count], self._lengths[start : self._count] = features, lengths

    def _grow(self, capacity: int) -> None:
        for name in ("_vectors", "_features", "_lengths"):
            old = getattr(self, name)
            new = np.empty((capacity, *old.shape[1:]), old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)

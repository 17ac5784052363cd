"""The embedding in two dimensions: the pool, what was selected before, what is new.

Positions are those of a projection that was made before, else the two leading principal components of what is shown.
"""

import numpy as np
from numpy.typing import NDArray

from lightly_ray.report.spread import Json

_DIGITS = 4
_EDGE = 0.5  # per cent of the points on either side that may lie on the border of the picture


def principal(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, D) vectors on their two leading principal components, (N, 2); signs such that the largest entry is > 0."""
    centered = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centered.T @ centered)
    leading = axes[:, ::-1][:, :2]
    signs = np.sign(leading[np.abs(leading).argmax(axis=0), np.arange(leading.shape[1])])
    points = centered @ (leading * signs)
    return np.pad(points, ((0, 0), (0, 2 - points.shape[1])))


def picture(points: NDArray[np.floating], kinds: NDArray[np.int64], method: str) -> Json:
    """Points of the picture.

    Args:
        points: (n, 2), finite.
        kinds: (n,) 0: pool, 1: selected before, 2: new.
        method: how they were projected.

    Returns:
        ``pool``, ``before`` and ``new``: pairs in [0, 1], y upwards.
    """
    low, high = np.percentile(points, [_EDGE, 100 - _EDGE], axis=0) if len(points) else (np.zeros(2), np.ones(2))
    scaled = np.clip((points - low) / np.where(high > low, high - low, 1), 0, 1).round(_DIGITS)
    named = {name: scaled[kinds == kind].tolist() for kind, name in enumerate(("pool", "before", "new"))}
    return {"method": method, **named}

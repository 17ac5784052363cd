"""Features -> embeddings: the mean taken away, projected on principal axes, scaled to unit length.

    fit_reduction   features of some images -> Reduction
    unit_length     vectors -> vectors of length one, for features that are not reduced

A reduction is fitted once and kept with the embeddings it made, so that later images land in the same space.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lightly_ray.errors import InvalidInputError

DIMENSIONS = 128


@dataclass(frozen=True, slots=True, eq=False)
class Reduction:
    """A fitted projection of features on D principal axes.

    Attributes:
        mean: (F,) float32, subtracted first.
        axes: (D, F) float32, largest variance first.
    """

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]

    def embed(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Project features (N, F) on the axes and scale to unit length: (N, D) float32."""
        # einsum, not a BLAS product: an image's vector must not depend on the batch that it came in.
        return unit_length(np.einsum("nf,df->nd", features - self.mean, self.axes, optimize=False))


def unit_length(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors (N, D) scaled to length 1; one of zeros, which has no direction, becomes the first unit vector."""
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors, optimize=False))[:, None]
    flat = lengths[:, 0] == 0
    scaled = vectors / np.where(lengths == 0, 1, lengths)
    scaled[flat, 0] = 1
    return np.asarray(scaled, np.float32)


def fit_reduction(features: NDArray[np.float32], dimensions: int = DIMENSIONS) -> Reduction:
    """Fit a reduction on the features of some images.

    Args:
        features: (n, F) float32, n >= 2.
        dimensions: D at most; fewer where there are fewer images or features.

    Raises:
        InvalidInputError: fewer than two images.
    """
    if len(features) < 2:
        raise InvalidInputError(f"principal axes are fitted on at least 2 images, got {len(features)}")
    # Actors that embed never fit, and would wait 2 s for this import.
    from sklearn.decomposition import PCA  # noqa: PLC0415 - the reason is above

    size = min(dimensions, len(features) - 1, features.shape[1])
    # Eigenvectors of the (F, F) covariance: exact, the same for the same images, signs included, and for more images
    # than features several times as fast as a decomposition of the features themselves.
    solver = "covariance_eigh" if len(features) > features.shape[1] else "full"
    fitted = PCA(size, svd_solver=solver).fit(features.astype(np.float64))
    return Reduction(fitted.mean_.astype(np.float32), fitted.components_.astype(np.float32))

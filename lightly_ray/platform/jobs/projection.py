"""Pictures of an embedding in two dimensions, to look at: PCA, t-SNE, UMAP.

All three start from the 50 leading principal components, which keeps t-SNE and UMAP quick and changes little of what
they show. Results depend on the data and a fixed seed alone.
"""

from importlib import import_module

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from lightly_ray.data.vectors import matrix
from lightly_ray.errors import InvalidInputError, MissingExtraError, missing_extra
from lightly_ray.platform.jobs.pinned import PinnedProjection
from lightly_ray.platform.storage.blobs import Blobs

_SEED = 0
_LEADING = 50
_SMALL = 2_000


def run(blobs: Blobs, pinned: PinnedProjection) -> NDArray[np.float32]:
    """Project the pinned embedding.

    Returns:
        (rows, 2) float32, in row order of the embedding's file.
    """
    with blobs.open(pinned.embedding.file_key) as file:
        column = pq.read_table(file, columns=["embedding"]).column("embedding").combine_chunks()
    return project(matrix(column), pinned.method)


def project(vectors: NDArray[np.floating], method: str) -> NDArray[np.float32]:
    """Project vectors, (N, D) -> (N, 2) float32.

    Args:
        vectors: (N, D), finite.
        method: PCA | TSNE | UMAP.

    Raises:
        InvalidInputError: there are fewer than three vectors.
        MissingExtraError: UMAP is asked for and not installed.
    """
    if len(vectors) < 3:
        raise InvalidInputError(f"a projection needs at least 3 samples, got {len(vectors)}")
    leading = _leading(vectors)
    match method:
        case "TSNE":
            points = _tsne(leading)
        case "UMAP":
            points = _umap(leading)
        case _:
            points = leading[:, :2]
    return np.ascontiguousarray(points, dtype=np.float32)


def _leading(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    count = min(_LEADING, *vectors.shape)
    points = PCA(n_components=count, svd_solver="auto", random_state=_SEED).fit_transform(vectors.astype(np.float32))
    return np.pad(points, ((0, 0), (0, max(0, 2 - count)))).astype(np.float32)


def _tsne(points: NDArray[np.float32]) -> NDArray[np.float32]:
    perplexity = min(30.0, (len(points) - 1) / 3)
    # Threads that wait for each other in a busy loop make small inputs slower, on a busy machine by far.
    with threadpool_limits(limits=1 if len(points) < _SMALL else None):
        return np.asarray(TSNE(perplexity=perplexity, init="pca", random_state=_SEED).fit_transform(points))


def _umap(points: NDArray[np.float32]) -> NDArray[np.float32]:
    try:
        umap = import_module("umap")
    except ModuleNotFoundError as error:
        raise MissingExtraError(missing_extra("UMAP is not installed on the worker", "umap")) from error
    neighbors = min(15, len(points) - 1)
    return np.asarray(umap.UMAP(n_neighbors=neighbors, random_state=_SEED, n_jobs=1).fit_transform(points))

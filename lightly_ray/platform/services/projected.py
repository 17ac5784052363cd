"""Points of a projection by row."""

import numpy as np
from numpy.typing import NDArray

from lightly_ray.errors import NotFoundError
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services.columns.positions import rows_of
from lightly_ray.platform.storage.store import embeddings, rows
from lightly_ray.platform.storage.store.records import Embedding


def points(platform: Platform, embedding: Embedding, method: str) -> tuple[str, NDArray[np.float32]]:
    """The version of a projection, and its (n, 2) points by row, NaN for samples without a vector.

    Raises:
        ConflictError: the embedding has not been uploaded (EMBEDDING_NOT_READY).
        NotFoundError: it has not been projected by this method since it was last uploaded (EMBEDDING_2D_UNKNOWN).
    """
    with platform.database.read() as db:
        total = rows.total(db, embedding.dataset_id)
        stored = [
            one
            for one in embeddings.list_projections(db, embedding.id)
            if one.method == method and one.version == embedding.version
        ]
    places = rows_of(platform, embedding)
    if not stored:
        raise NotFoundError(
            f"the embedding {embedding.name!r} has no projection by {method[:60]!r}", code="EMBEDDING_2D_UNKNOWN"
        )
    by_line = platform.blobs.read_array(stored[0].file_key)
    by_row = np.full((total, 2), np.nan, dtype=np.float32)
    known = (places >= 0) & (places < total)
    by_row[places[known]] = by_line[known]
    return f"{embedding.version}-{total}", by_row

"""What tells an open page that a dataset has changed: a short text, the same as long as nothing has.

Both functions look at indexes and at short tables alone, so a page may ask every few seconds, however many samples
there are.
"""

import hashlib

from sqlalchemy import Connection, func, select

from lightly_ray.platform.storage.schema import datasets, embeddings, projections, scores, tags
from lightly_ray.platform.storage.store import rows


def dataset_version(db: Connection, dataset_id: str) -> str:
    """Another text whenever samples, metadata, tags, embeddings, projections or scores have changed.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
    """
    mine = tags.c.dataset_id == dataset_id
    of_embedding = embeddings.c.dataset_id == dataset_id
    queries = (
        select(datasets.c.name, datasets.c.n_samples).where(datasets.c.id == dataset_id),
        select(func.count(), func.max(tags.c.last_modified_at)).where(mine),
        select(embeddings.c.id, embeddings.c.version).where(of_embedding).order_by(embeddings.c.id),
        select(projections.c.id, projections.c.version, projections.c.file_key)
        .join(embeddings, embeddings.c.id == projections.c.embedding_id)
        .where(of_embedding)
        .order_by(projections.c.id),
        select(scores.c.id, scores.c.version)
        .join(tags, tags.c.id == scores.c.tag_id)
        .where(mine)
        .order_by(scores.c.id),
    )
    state: list[object] = [
        samples_version(db, dataset_id),
        *([tuple(row) for row in db.execute(query)] for query in queries),
    ]
    return hashlib.blake2b(repr(state).encode(), digest_size=8).hexdigest()


def samples_version(db: Connection, dataset_id: str) -> str:
    """Another text whenever a sample was given a row, or one that has a row was described again or got a file.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
    """
    return f"{rows.total(db, dataset_id)}-{rows.last_change(db, dataset_id)}"

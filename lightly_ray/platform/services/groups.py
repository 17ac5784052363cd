"""Groups of near duplicates by row: made once and kept, at once where they are few, else by a job."""

import io
from contextlib import suppress
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lightly_ray.errors import InvalidInputError, NotFoundError, TooLargeError
from lightly_ray.platform.context import Platform, Store
from lightly_ray.platform.grouping.connected import Progress, connected, silent
from lightly_ray.platform.services import vector_file
from lightly_ray.platform.services.columns.positions import kept_key, rows_of
from lightly_ray.platform.services.kept import kept
from lightly_ray.platform.storage.store import embeddings, rows
from lightly_ray.platform.storage.store.records import Embedding

AT_ONCE, MOST = 50_000, 1_000_000


def require_possible(embedding: Embedding, within: float) -> None:
    """Refuse what has no groups.

    Raises:
        ConflictError: nothing has been uploaded (EMBEDDING_NOT_READY).
        TooLargeError: there are more than `MOST` vectors.
        InvalidInputError: ``within`` is no distance between unit vectors.
    """
    embeddings.require_file(embedding)
    if not 0 <= within <= 2:
        raise InvalidInputError(f"within is a distance between vectors of length 1, 0 to 2, got {within}")
    if (embedding.rows or 0) > MOST:
        raise TooLargeError(
            f"groups of near duplicates are found among at most {MOST} samples, the embedding {embedding.name!r} has "
            f"{embedding.rows}: select with a minimum distance instead"
        )


def groups(platform: Platform, embedding: Embedding, within: float) -> NDArray[np.uint32]:
    """The group of every row, (n,), by its lowest row; a sample without a vector is by itself.

    Raises:
        ConflictError, InvalidInputError: as `require_possible`.
        NotFoundError: there are more than `AT_ONCE` vectors, and no job has grouped them yet (GROUPS_UNKNOWN).
    """
    require_possible(embedding, within)
    at_once = (embedding.rows or 0) <= AT_ONCE
    find = partial(_grouped, platform, embedding, within, silent) if at_once else partial(_unknown, embedding, within)
    content = kept(platform.blobs, _key(platform, embedding, within), find)
    return np.frombuffer(content, "<u4").astype(np.uint32, copy=False)


def make(store: Store, embedding: Embedding, within: float, progress: Progress) -> int:
    """Find the groups and keep them for `groups`; how many samples have a vector.

    Args:
        store: where they are kept.
        embedding: the version of it that is grouped.
        within: the longest step between near duplicates.
        progress: told how many samples are done, about, and of how many.

    Raises:
        TooLargeError: it would take too long, see `grouping.connected`.
    """
    count = embedding.rows or 0
    key = _key(store, embedding, within)
    with suppress(NotFoundError):
        store.blobs.read(key)
        return count
    content = _grouped(store, embedding, within, lambda done, total: progress(count * done // total, count))
    store.blobs.put(key, io.BytesIO(content))
    return count


def _unknown(embedding: Embedding, within: float) -> bytes:
    raise NotFoundError(
        f"the embedding {embedding.name!r} has not been grouped within {within:g} yet", code="GROUPS_UNKNOWN"
    )


def _key(store: Store | Platform, embedding: Embedding, within: float) -> str:
    with store.database.read() as db:
        total = rows.total(db, embedding.dataset_id)
    return f"{kept_key(embedding, total, 'groups')}-{within.hex().replace('+', '')}"


def _grouped(store: Store | Platform, embedding: Embedding, within: float, progress: Progress) -> bytes:
    with store.database.read() as db:
        result = np.arange(rows.total(db, embedding.dataset_id), dtype="<u4")
    places = rows_of(store, embedding)
    lines = np.flatnonzero((places >= 0) & (places < len(result)))
    vectors = vector_file.whole(store.blobs, embeddings.require_file(embedding))
    if len(lines) < len(vectors):
        vectors = vectors[lines]
    here = places[lines]
    if len(lines):  # rows ascend, so the lowest position is the lowest row
        result[here] = here[connected(vectors, within, progress=progress)]
    return result.tobytes()

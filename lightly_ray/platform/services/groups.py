"""Groups of near duplicates: samples linked by chains of steps that are no longer than a distance. Exact.

    a ~ b where |a/|a| - b/|b|| <= within, in float64;  a group is what `~` connects

Along one direction u, |u.a - u.b| <= |a - b|: ordered by u.x, a sample is compared only with those that follow within
the distance. Along the direction of largest variance these are few. Products in float32 find the pairs, those that
are close to the border are decided in float64, and pairs that are in one group already are left alone.
O(N) memory beyond the vectors.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from lightly_ray.data.vectors import Matrix
from lightly_ray.errors import InvalidInputError, TooLargeError
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services import vector_file
from lightly_ray.platform.services.columns.positions import kept_key, rows_of
from lightly_ray.platform.services.kept import kept
from lightly_ray.platform.storage.store import embeddings, rows
from lightly_ray.platform.storage.store.records import Embedding

MOST = 50_000
_TILE = 128
_POWER_STEPS = 8


def groups(platform: Platform, embedding: Embedding, within: float) -> NDArray[np.uint32]:
    """The group of every row, (n,), by its lowest row; a sample without a vector is by itself.

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
    with platform.database.read() as db:
        total = rows.total(db, embedding.dataset_id)
    key = f"{kept_key(embedding, total, 'groups')}-{within.hex().replace('+', '')}"
    content = kept(platform.blobs, key, partial(_grouped, platform, embedding, total, within))
    return np.frombuffer(content, "<u4").astype(np.uint32, copy=False)


def connected(vectors: Matrix, within: float) -> NDArray[np.int64]:
    """The lowest position in the group of each of (N, D) finite vectors; those of zero length are by themselves."""
    units = _units(vectors)
    labels = np.arange(len(vectors))
    there = np.flatnonzero(units.any(axis=1))
    if not len(there):
        return labels
    along = (units @ _direction(units))[there]
    order = there[np.argsort(along, kind="stable")]
    along.sort()
    # Rounding of the projection must not hide a neighbour.
    ends = np.searchsorted(along, along + within + 1e-9, side="right")
    _link(units[order], ends, within, labels, order)
    return labels


def _link(
    units: NDArray[np.float64],
    ends: NDArray[np.int64],
    within: float,
    labels: NDArray[np.int64],
    order: NDArray[np.int64],
) -> None:
    """Join groups in ``labels``, which are of all vectors; ``units`` and ``ends`` are in ``order``."""
    narrow = units.astype(np.float32)
    # |a - b|^2 = 2 - 2 a.b; the product of D rounded terms, of rounded coordinates, is off by at most this.
    slack = (units.shape[1] + 4) * float(np.finfo(np.float32).eps)
    least = np.float32(1 - within**2 / 2 - slack)
    for start in range(0, len(units), _TILE):
        stop = min(start + _TILE, len(units))
        products = narrow[start:stop] @ narrow[start : ends[stop - 1]].T
        hits = products >= least
        for line in np.flatnonzero(hits.sum(axis=1) > 1):
            mine = start + int(line)
            near = start + np.flatnonzero(hits[line])
            near = near[(near > mine) & (labels[order[near]] != labels[order[mine]])]
            distances = np.sqrt(np.square(units[near] - units[mine]).sum(axis=1))
            joined = np.unique(labels[order[near[distances <= within]]])
            if len(joined):
                joined = np.append(joined, labels[order[mine]])
                labels[np.isin(labels, joined)] = joined.min()


def _units(vectors: Matrix) -> NDArray[np.float64]:
    wide = vectors.astype(np.float64)
    # By the largest coordinate first: squares of very large or small numbers would not fit.
    largest = np.abs(wide).max(axis=1, keepdims=True)
    wide /= np.where(largest > 0, largest, 1)
    lengths = np.sqrt(np.square(wide).sum(axis=1, keepdims=True))
    return np.asarray(wide / np.where(lengths > 0, lengths, 1))


def _direction(units: NDArray[np.float64]) -> NDArray[np.float64]:
    """About the direction of the largest variance, of length 1, by power iteration; any direction would be right."""
    mean = units.mean(axis=0)
    direction = np.random.default_rng(0).normal(size=units.shape[1])
    for _ in range(_POWER_STEPS):
        direction /= np.sqrt(np.square(direction).sum())
        step = (units @ direction) @ units - len(units) * (mean @ direction) * mean
        if not step.any():
            break
        direction = step
    return np.asarray(direction / np.sqrt(np.square(direction).sum()))


def _grouped(platform: Platform, embedding: Embedding, total: int, within: float) -> bytes:
    places = rows_of(platform, embedding)
    key = embeddings.require_file(embedding)
    vectors = np.concatenate([part for _, part in vector_file.batches(platform.blobs, key)])
    lines = np.flatnonzero(places >= 0)
    here = places[lines]
    result = np.arange(total, dtype="<u4")
    if len(lines):
        result[here] = here[connected(vectors[lines], within)]  # rows ascend, so the lowest position is the lowest row
    return result.tobytes()

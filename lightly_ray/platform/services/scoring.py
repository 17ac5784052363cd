"""Scores on their way in and out: checked, kept as a .npy file, named by a new version."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lightly_ray.errors import InvalidInputError
from lightly_ray.platform import limits
from lightly_ray.platform.context import Platform
from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.ids import new_id
from lightly_ray.platform.storage.store import datasets, samples, scores, tags


def upload(platform: Platform, tag: tuple[str, str], score_type: str, values: Sequence[float]) -> str:
    """Store scores as the newest version of their type; return the id of the type's scores.

    Args:
        platform: where.
        tag: dataset id, tag id.
        score_type: their name.
        values: one per sample of the tag, in mappings order; finite, 0 or more.

    Raises:
        InvalidInputError: a score is bad, or their number is not that of the tag's samples.
    """
    limits.score_type(score_type)
    dataset_id, tag_id = tag
    numbers = np.asarray(values, dtype=np.float64)
    with platform.database.read() as db:
        mask = tags.read(db, dataset_id, tag_id).mask
        _require_count(mask.count, len(numbers))
        bad = ~np.isfinite(numbers) | (numbers < 0)
        if bad.any():
            name = mask.select(samples.mappings(db, dataset_id))[int(bad.argmax())]
            raise InvalidInputError(f"scores are finite and 0 or more, that of {name!r} is {numbers[bad.argmax()]}")
    stored = _store(platform.blobs, dataset_id, numbers)
    with platform.database.write() as db:
        datasets.lock(db, dataset_id)
        # Again under the lock: the initial tag may have grown meanwhile.
        _require_count(tags.read(db, dataset_id, tag_id).mask.count, len(numbers))
        return scores.put(db, tag_id, score_type, stored)


def load_scores(blobs: Blobs, key: str) -> NDArray[np.float64]:
    """The numbers of a stored version, (count,) float64."""
    return blobs.read_array(key)


def _store(blobs: Blobs, dataset_id: str, numbers: NDArray[np.float64]) -> scores.Upload:
    key = f"datasets/{dataset_id}/scores/{new_id()}.npy"
    blobs.put_array(key, numbers)
    return scores.Upload(key, hashlib.sha256(numbers.tobytes()).hexdigest(), len(numbers))


def _require_count(samples_of_tag: int, count: int) -> None:
    if samples_of_tag != count:
        raise InvalidInputError(f"the tag has {samples_of_tag} samples, got {count} scores")

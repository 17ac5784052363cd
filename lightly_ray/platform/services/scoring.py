"""Scores on their way in and out: checked, kept as a .npy file, named by a new version; or computed of predictions."""

import hashlib
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lightly_ray.errors import InvalidInputError
from lightly_ray.platform import limits
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services import stored_predictions
from lightly_ray.platform.services.kept import kept
from lightly_ray.platform.services.mappings import names_of
from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.ids import new_id
from lightly_ray.platform.storage.store import datasets, scores, tags
from lightly_ray.platform.storage.store.records import Score, Tag


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
            name = names_of(platform, dataset_id, mask)[int(bad.argmax())].as_py()
            raise InvalidInputError(f"scores are finite and 0 or more, that of {name!r} is {numbers[bad.argmax()]}")
    stored = store(platform.blobs, dataset_id, numbers)
    with platform.database.write() as db:
        datasets.lock(db, dataset_id)
        # Again under the lock: the initial tag may have grown meanwhile.
        _require_count(tags.read(db, dataset_id, tag_id).mask.count, len(numbers))
        return scores.put(db, tag_id, score_type, stored)


def read(platform: Platform, tag: Tag, score: Score) -> NDArray[np.float64]:
    """The numbers of a score of a tag, (count,) float64; NaN where stored predictions have none of a sample."""
    made_of = score.predictions
    if made_of is None:
        return load_scores(platform.blobs, score.file_key)

    def compute() -> bytes:
        names = names_of(platform, tag.dataset_id, tag.mask)
        out = io.BytesIO()
        values = stored_predictions.scores_of(platform.blobs, made_of.file_key, score.score_type, names)
        np.save(out, values, allow_pickle=False)
        return out.getvalue()

    values: NDArray[np.float64] = np.load(io.BytesIO(kept(platform.blobs, score.file_key, compute)), allow_pickle=False)
    return values


def read_all(platform: Platform, tag: Tag, score: Score) -> NDArray[np.float64]:
    """As `read`, of all samples.

    Raises:
        InvalidInputError: stored predictions have none of a sample; the first is named.
    """
    values = read(platform, tag, score)
    if score.predictions is not None and np.isnan(values).any():
        names = names_of(platform, tag.dataset_id, tag.mask)
        stored_predictions.require_scores(values, names, score.predictions.name)
    return values


def load_scores(blobs: Blobs, key: str) -> NDArray[np.float64]:
    """The numbers of an uploaded version, (count,) float64."""
    return blobs.read_array(key)


def store(blobs: Blobs, dataset_id: str, numbers: NDArray[np.float64]) -> scores.Upload:
    """Keep numbers that have been checked, (count,) float64, for a new version."""
    key = f"datasets/{dataset_id}/scores/{new_id()}.npy"
    blobs.put_array(key, numbers)
    return scores.Upload(key, hashlib.sha256(numbers.tobytes()).hexdigest(), len(numbers))


def _require_count(samples_of_tag: int, count: int) -> None:
    if samples_of_tag != count:
        raise InvalidInputError(f"the tag has {samples_of_tag} samples, got {count} scores")

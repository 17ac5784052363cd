"""Predictions of a dataset by name: checked on their way in, kept in mappings order, and what follows from them."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray.data.predictions.packed import read_packed, write_packed
from lightly_ray.data.predictions.table import Predictions, checked
from lightly_ray.data.string_lookup import positions_in
from lightly_ray.data.text import unicode_hint
from lightly_ray.errors import InvalidInputError
from lightly_ray.platform import limits
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services.mappings import in_order
from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.ids import new_id
from lightly_ray.platform.storage.store import datasets, predictions
from lightly_ray.platform.storage.store.records import StoredPredictions
from lightly_ray.scores.detection import FrequencyConfig
from lightly_ray.scores.tasks import score_table

_WHAT = "the predictions"


def upload(platform: Platform, dataset_id: str, name: str, body: Path, creator: str) -> StoredPredictions:
    """Store predictions as the newest version of a name; the same again changes nothing.

    Args:
        platform: where.
        dataset_id: whose samples.
        name: of the predictions.
        body: a file of `data.predictions.packed`.
        creator: the name of the user.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
        InvalidInputError: a prediction cannot be used, or is of no sample of the dataset; the first is named.
        UnreadableError: it is no such file.
        TooLargeError: it unpacks to more than is taken.
        ConflictError: the name is that of predictions of another task.
    """
    limits.predictions_name(name)
    known = in_order(platform, dataset_id)
    with body.open("rb") as file:
        given = read_packed(file, _WHAT, limits.PREDICTIONS_VALUES)
    given = checked(given.task, given.table, _WHAT, given.classes)
    if not len(given.table):
        raise InvalidInputError("the predictions have no rows")
    rows = _rows(given.filenames, known)
    out = io.BytesIO()
    write_packed(given.take(np.argsort(rows, kind="stable")), out)
    digest = hashlib.sha256(out.getbuffer()).hexdigest()
    with platform.database.read() as db:
        same = next((it for it in predictions.listing(db, dataset_id) if (it.name, it.sha256) == (name, digest)), None)
    if same is not None:
        return same
    key = f"datasets/{dataset_id}/predictions/{new_id()}.parquet"
    out.seek(0)
    platform.blobs.put(key, out)
    new = predictions.Upload(given.task, list(given.classes), key, digest, len(given.table), creator)
    with platform.database.write() as db:
        datasets.lock(db, dataset_id)
        return predictions.put(db, dataset_id, name, new)


def load(blobs: Blobs, file_key: str, only: str | None = None) -> Predictions:
    """Stored predictions; ``only``: of this sample.

    Raises:
        NotFoundError: the file is gone.
    """
    with blobs.open(file_key) as file:
        return read_packed(file, _WHAT, only=only)


def scores_of(blobs: Blobs, file_key: str, score_type: str, names: pa.LargeStringArray) -> NDArray[np.float64]:
    """A score of `lightly_ray.scores.tasks.SCORE_NAMES`, computed of stored predictions.

    Args:
        blobs: hold them.
        file_key: of the predictions.
        score_type: one of their task.
        names: n samples. What depends on all of them (``object_frequency``) is computed over these.

    Returns:
        (n,) values, NaN for a sample without a prediction.
    """
    stored = load(blobs, file_key)
    places = positions_in(names, stored.filenames)
    known = places >= 0
    values = np.full(len(names), np.nan)
    if known.any():
        chosen = stored.take(places[known])
        values[known] = score_table(stored.task, chosen.table, FrequencyConfig(), chosen.filenames)[score_type]
    return values


def require_scores(values: NDArray[np.float64], names: pa.LargeStringArray, predictions_name: str) -> None:
    """Refuse scores of which some are missing.

    Raises:
        InvalidInputError: a sample has no prediction; the first is named.
    """
    missing = np.flatnonzero(np.isnan(values))
    if len(missing):
        raise InvalidInputError(
            f"{len(missing)} of {len(names)} samples have no prediction in {predictions_name!r}, first: "
            f"{names[int(missing[0])].as_py()!r}"
        )


def _rows(names: pa.LargeStringArray, known: pa.LargeStringArray) -> NDArray[np.int64]:
    rows = positions_in(names, known)
    unknown = np.flatnonzero(rows < 0)
    if len(unknown):
        first = names[int(unknown[0])].as_py()
        raise InvalidInputError(
            f"{len(unknown)} of {len(names)} predictions are of no sample of this dataset, first: "
            f"{first!r}{unicode_hint(first, known)}"
        )
    return rows

"""Class probabilities, and labels beside them, on their way in and out: checked, kept under their digest.

The form is Parquet with the columns `filename`, `probabilities` (null for samples that need none) and `label` (the
number of a class, null where it is not known).
"""

import hashlib
import io

import pyarrow as pa
import pyarrow.parquet as pq

from lightly_ray.data.hostile_parquet import BROKEN, require_plain_types, require_small_texts, require_values
from lightly_ray.errors import InvalidInputError, NotFoundError
from lightly_ray.parallel.selection.prediction_inputs import read_predictions
from lightly_ray.platform import limits
from lightly_ray.platform.context import Platform
from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.store import datasets

_WHAT = "the predictions"
_COLUMNS = {"filename", "probabilities", "label"}


def upload(platform: Platform, dataset_id: str, body: bytes) -> str:
    """Store predictions; return their id, which the same predictions have had before.

    Raises:
        NotFoundError: there is no such dataset.
        InvalidInputError: it is no such file, or a row is no distribution.
    """
    with platform.database.read() as db:
        datasets.read(db, dataset_id)
    table = _parsed(body)
    read_predictions(table, "filename")
    digest = hashlib.sha256(body).hexdigest()
    file_key = key(dataset_id, digest)
    if not platform.blobs.has(file_key):
        platform.blobs.put(file_key, io.BytesIO(body))
    return digest


def key(dataset_id: str, digest: str) -> str:
    """Where predictions are kept."""
    return f"datasets/{dataset_id}/predictions/{digest}.parquet"


def load_predictions(blobs: Blobs, file_key: str) -> pa.Table:
    """Stored predictions.

    Raises:
        NotFoundError: they were never uploaded.
    """
    try:
        return _parsed(blobs.read(file_key))
    except NotFoundError as error:
        raise NotFoundError("the predictions were not uploaded to this dataset: upload them first") from error


def _parsed(body: bytes) -> pa.Table:
    try:
        require_values(io.BytesIO(body), _WHAT, limits.PREDICTIONS_VALUES)
        file = pq.ParquetFile(pa.BufferReader(body))
        require_plain_types(file.schema_arrow, _WHAT)
        require_small_texts(file, pa.BufferReader(body), _WHAT)
        table = file.read()
        table.validate(full=True)
    except BROKEN as error:
        raise InvalidInputError(f"predictions are a Parquet file: {error}") from error
    if set(table.column_names) != _COLUMNS or not pa.types.is_integer(table.schema.field("label").type):
        raise InvalidInputError(
            "predictions have the columns filename, probabilities and label, a whole number; got "
            + ", ".join(f"{field.name} ({field.type})" for field in table.schema)
        )
    return table

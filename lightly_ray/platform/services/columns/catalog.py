"""All columns of a dataset, and the values of one."""

import gzip

import numpy as np

from lightly_ray.errors import NotFoundError
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services.columns import labels, samples, scoring
from lightly_ray.platform.services.columns.summary import Summary, Values, little_endian
from lightly_ray.platform.services.kept import compressed


def list_columns(platform: Platform, dataset_id: str) -> list[Summary]:
    """Scores first, which are what people sort by, then labels, metadata, own metadata, folders.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
    """
    return [
        *scoring.list_columns(platform, dataset_id),
        *labels.list_columns(platform, dataset_id),
        *samples.list_columns(platform, dataset_id),
    ]


def read_column(platform: Platform, dataset_id: str, key: str) -> tuple[str, bytes]:
    """The version of a column and its values by row: little-endian float32 or uint16, gzipped.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN), or column.
    """
    if key.startswith("score:"):
        score = scoring.read_values(platform, dataset_id, key)
        if score is not None:
            return score[0], compressed(little_endian(score[1]))
    reader = labels.read_column if key.startswith("label:") else samples.read_column
    column = reader(platform, dataset_id, key)
    if column is None:
        raise NotFoundError(f"the dataset has no column {key[:120]!r}")
    return column[0]["version"], column[1]


def values_of(platform: Platform, dataset_id: str, column: Summary) -> Values:
    """The (n,) values of a column that was listed: float32, NaN where missing, or uint16 positions in its texts.

    Raises:
        NotFoundError: it has gone since.
    """
    score = scoring.read_values(platform, dataset_id, column["key"]) if column["source"] == "score" else None
    if score is not None:
        return score[1]
    content = gzip.decompress(read_column(platform, dataset_id, column["key"])[1])
    if column["kind"] == "number":
        return np.frombuffer(content, "<f4").astype(np.float32, copy=False)
    return np.frombuffer(content, "<u2").astype(np.uint16, copy=False)

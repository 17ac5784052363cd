"""Labels as a column: those that were imported, else those that came with the newest embedding that has some.

Published clients write the label "0" for every sample where there is none, so an embedding with nothing else has no
labels.
"""

import json
from functools import partial

import numpy as np
import pyarrow.parquet as pq

from lightly_ray.data.embedding_csv import NO_LABEL
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services.columns import imported
from lightly_ray.platform.services.columns.fields import Categories
from lightly_ray.platform.services.columns.positions import kept_key, rows_of
from lightly_ray.platform.services.columns.summary import (
    MISSING,
    Summary,
    Title,
    category_summary,
    little_endian,
)
from lightly_ray.platform.services.kept import compressed, kept
from lightly_ray.platform.storage.store import embeddings, rows
from lightly_ray.platform.storage.store.records import Embedding


def list_columns(platform: Platform, dataset_id: str) -> list[Summary]:
    """The label, or nothing where none were imported or came with an embedding, or so many that there is no choice.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
    """
    return [summary for summary, _ in _newest(platform, dataset_id)]


def read_column(platform: Platform, dataset_id: str, key: str) -> tuple[Summary, bytes] | None:
    """A column and its values, little-endian and gzipped; None where there is none of that key.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
    """
    for summary, content in _newest(platform, dataset_id):
        if summary["key"] == key:
            return summary, content
    return None


def _newest(platform: Platform, dataset_id: str) -> list[tuple[Summary, bytes]]:
    with platform.database.read() as db:
        total, listed = rows.total(db, dataset_id), embeddings.listing(db, dataset_id)
    came_back = imported.read(platform, dataset_id, total)
    if came_back is not None:
        return [came_back]
    for embedding in reversed(listed):
        # The summary in a line of its own, then the values.
        made = kept(platform.blobs, kept_key(embedding, total, "labels"), partial(_labels, platform, embedding, total))
        line, _, content = made.partition(b"\n")
        summary: Summary | None = json.loads(line)
        if summary is not None:
            return [(summary, content)]
    return []


def _labels(platform: Platform, embedding: Embedding, total: int) -> bytes:
    with platform.blobs.open(embeddings.require_file(embedding)) as file:
        column = pq.ParquetFile(file).read(columns=["label"]).column("label").combine_chunks()
    categories = Categories(len(column))
    categories.add(0, column)
    if not categories.offered or categories.texts == [NO_LABEL]:
        return b"null\n"
    places = rows_of(platform, embedding)
    codes = np.full(total, MISSING, dtype=np.uint16)
    codes[places[places >= 0]] = categories.codes[places >= 0]
    version = f"{embedding.version}-{total}"
    column = category_summary(Title(f"label:{embedding.id}", "label", "label", version), codes, categories.texts)
    if column is None:
        return b"null\n"
    summary, values = column
    return json.dumps(summary).encode() + b"\n" + compressed(little_endian(values))

"""Which row each line of an embedding's file belongs to. Its lines are in mappings order, of all samples or of some."""

import io
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from lightly_ray.data.string_lookup import positions_in
from lightly_ray.platform.context import Platform, Store
from lightly_ray.platform.services.kept import kept
from lightly_ray.platform.services.mappings import in_order
from lightly_ray.platform.storage.store import embeddings, rows
from lightly_ray.platform.storage.store.records import Embedding


def rows_of(platform: Store | Platform, embedding: Embedding) -> NDArray[np.int64]:
    """The (embedding.rows,) rows, ascending; -1 for a sample that has none yet.

    Raises:
        ConflictError: nothing has been uploaded (EMBEDDING_NOT_READY).
    """
    embeddings.require_file(embedding)
    with platform.database.read() as db:
        total = rows.total(db, embedding.dataset_id)
    if embedding.rows == total:  # all of them, each once, in their order
        return np.arange(total)
    key = kept_key(embedding, total, "rows")
    content = kept(platform.blobs, f"{key}.npy", partial(_joined, platform, embedding, total))
    stored: NDArray[np.int64] = np.load(io.BytesIO(content), allow_pickle=False)
    return stored


def kept_key(embedding: Embedding, total: int, what: str) -> str:
    """Where something is kept that follows from a version of an embedding and the rows of its dataset."""
    return f"datasets/{embedding.dataset_id}/columns/{what}/{embedding.id}-{embedding.version}-{total}"


def _joined(platform: Store | Platform, embedding: Embedding, total: int) -> bytes:
    with platform.blobs.open(embeddings.require_file(embedding)) as file:
        column = pq.ParquetFile(file).read(columns=["filename"]).column("filename")
    names = in_order(platform, embedding.dataset_id)[:total]
    wanted = column.cast(pa.large_string()).combine_chunks()
    out = io.BytesIO()
    np.save(out, positions_in(wanted, names), allow_pickle=False)
    return out.getvalue()

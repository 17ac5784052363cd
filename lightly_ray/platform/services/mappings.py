"""The ids and file names of all samples of a dataset, by row: read from the database once, then kept as a file.

A sample has its row, its id and its name for good, so what was true of the first n rows stays true. Reading a million
of them from the database takes half a minute, from a file a second.
"""

import io
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from lightly_ray.platform.context import Platform
from lightly_ray.platform.services.kept import kept
from lightly_ray.platform.storage.store import rows, samples


@dataclass(frozen=True, slots=True)
class Mappings:
    """All samples that have a row.

    Attributes:
        ids: (N,) of the samples, by row.
        names: (N,) their file names.
    """

    ids: pa.LargeStringArray
    names: pa.LargeStringArray


def read_mappings(platform: Platform, dataset_id: str) -> Mappings:
    """The samples of a dataset.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
    """
    with platform.database.read() as db:
        total = rows.total(db, dataset_id)
    key = f"datasets/{dataset_id}/columns/mappings/{total}.parquet"
    content = kept(platform.blobs, key, partial(_made, platform, dataset_id, total))
    table = pq.read_table(pa.BufferReader(content)).combine_chunks()
    return Mappings(*(table[name].cast(pa.large_string()).combine_chunks() for name in ("id", "file_name")))


def _made(platform: Platform, dataset_id: str, total: int) -> bytes:
    with platform.database.read() as db:
        found = samples.identities(db, dataset_id, total)
    names = ("id", "file_name")
    columns = [pa.array([one[place] for one in found], pa.large_string()) for place in range(len(names))]
    out = io.BytesIO()
    pq.write_table(pa.table(columns, names), out, compression="zstd")
    return out.getvalue()

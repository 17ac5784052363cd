"""The ids and file names of all samples of a dataset, by row: read from the database once, then kept as a file.

A sample has its row, its id and its name for good, so what was true of the first n rows stays true. Reading a million
of them from the database takes seconds, from a file some tenths of one.
"""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from lightly_ray.bitmask import BitMask
from lightly_ray.platform.context import Platform, Store
from lightly_ray.platform.services.kept import kept
from lightly_ray.platform.storage.store import rows, samples

Field = Literal["id", "file_name"]
_SCHEMA = pa.schema([("id", pa.large_string()), ("file_name", pa.large_string())])
_PART = 50_000  # texts of one piece of JSON


@dataclass(frozen=True, slots=True)
class Mappings:
    """All samples that have a row.

    Attributes:
        ids: (N,) of the samples, by row.
        names: (N,) their file names.
    """

    ids: pa.LargeStringArray
    names: pa.LargeStringArray


def read_mappings(platform: Store | Platform, dataset_id: str) -> Mappings:
    """The samples of a dataset.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
    """
    table = _read(platform, dataset_id, _SCHEMA.names)
    return Mappings(table["id"].combine_chunks(), table["file_name"].combine_chunks())


def in_pieces(platform: Store | Platform, dataset_id: str, field: Field = "file_name") -> pa.ChunkedArray:
    """File names or ids, (N,), in the order of the bits of every mask, in the pieces that they are kept in.

    Before the first tag, of all samples in file-name order: the order that they are going to have.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
    """
    found = _read(platform, dataset_id, [field])[field]
    if len(found):
        return found
    with platform.database.read() as db:
        return pa.chunked_array([pa.array(samples.mappings(db, dataset_id, field), pa.large_string())])


def in_order(platform: Store | Platform, dataset_id: str) -> pa.LargeStringArray:
    """The file names of `in_pieces` as one array, for which there are two of each for a moment."""
    return in_pieces(platform, dataset_id).combine_chunks()


def names_of(platform: Store | Platform, dataset_id: str, mask: BitMask) -> pa.LargeStringArray:
    """The file names of a mask that was read before, (count,), by row; raises as `in_order`."""
    return in_order(platform, dataset_id).take(pa.array(mask.to_rows()))


def json_texts(texts: pa.LargeStringArray | pa.ChunkedArray) -> Iterator[bytes]:
    """A JSON list of texts, in pieces."""
    # Each piece goes through a thread: few texts are one piece.
    for start in range(0, max(1, len(texts)), _PART):
        some = json.dumps(texts.slice(start, _PART).to_pylist(), ensure_ascii=False, separators=(",", ":"))
        begin, end = "," if start else "[", "" if start + _PART < len(texts) else "]"
        yield (begin + some[1:-1] + end).encode()


def _read(platform: Store | Platform, dataset_id: str, fields: list[str]) -> pa.Table:
    with platform.database.read() as db:
        total = rows.total(db, dataset_id)
    if not total:  # nothing that stays true
        return _SCHEMA.empty_table().select(fields)
    key = f"datasets/{dataset_id}/columns/mappings/{total}.parquet"
    content = kept(platform.blobs, key, partial(_made, platform, dataset_id, total))
    # What `read_table` does around this takes longer than a small file, and threads than a large one.
    table = pq.ParquetFile(pa.BufferReader(content)).read(columns=fields, use_threads=False)
    return table.cast(pa.schema([_SCHEMA.field(name) for name in fields]))


def _made(platform: Store | Platform, dataset_id: str, total: int) -> bytes:
    out = io.BytesIO()
    with platform.database.read() as db, pq.ParquetWriter(out, _SCHEMA, compression="zstd") as writer:
        for some in samples.identities(db, dataset_id, total):
            ids, names = zip(*some, strict=True)
            writer.write_table(pa.table([ids, names], _SCHEMA))
    return out.getvalue()

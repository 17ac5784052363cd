"""Embedding files: from what clients upload (CSV or Parquet) to the one form that selections read.

The form is Parquet with the columns `filename`, `embedding` (a fixed number of floats) and `label`, its rows in
mappings order. Everything is checked on the way in, a batch at a time: names known and distinct, numbers as
`select` takes them.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from lightly_ray.data.embedding_csv import NO_LABEL, read_csv, reading, write_csv
from lightly_ray.data.hostile_parquet import require_plain_types, require_small_texts
from lightly_ray.data.parquet_footer import values_by_column
from lightly_ray.data.string_lookup import duplicates, positions_in
from lightly_ray.data.text import unicode_hint
from lightly_ray.data.vectors import Layout, VectorFault, arrow_matrix, first_layout, fixed_lists, settle
from lightly_ray.errors import InvalidInputError, TooLargeError
from lightly_ray.platform import limits
from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.ids import new_id
from lightly_ray.platform.storage.store.embeddings import Upload

Format = Literal["csv", "parquet"]
_BATCH_ROWS, _BATCH_VALUES = 16_384, 2**22  # of one part of a Parquet file, whichever is less
_TEXT_BYTES = 4 * limits.NAME  # a file name, or a label
_WHERE = "the column embedding"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a converted file holds.

    Attributes:
        sha256: of the file as it came in.
        rows, dimension: its shape.
    """

    sha256: str
    rows: int
    dimension: int


def convert(source: Path, kind: Format, target: Path, names: pa.LargeStringArray) -> Facts:
    """Check an uploaded file and write it in our form.

    Args:
        source: as uploaded.
        kind: what it is.
        target: the Parquet file to write.
        names: all file names of the dataset, (N,), in mappings order.

    Raises:
        InvalidInputError: it cannot be used (EMBEDDING_INVALID), or is empty (EMBEDDING_ROW_COUNT_INVALID).
        UnreadableError: it is broken (EMBEDDING_INVALID).
    """
    batches = read_csv(source, "the file") if kind == "csv" else _read_parquet(source, len(names))
    try:
        filenames, layout = _write(batches, target)
        rows = _rows(filenames, names)
    except InvalidInputError as error:
        if error.code == InvalidInputError.code:
            error.code = "EMBEDDING_INVALID"
        raise
    if (np.diff(rows) < 0).any():
        _sort(target, rows)
    with source.open("rb") as file:
        return Facts(hashlib.file_digest(file, "sha256").hexdigest(), len(rows), layout.width)


def store(blobs: Blobs, dataset_id: str, source: Path, kind: Format, names: pa.LargeStringArray) -> Upload:
    """Convert an uploaded file beside itself and put it into the storage; raises as `convert`."""
    converted = source.with_name(f"{source.name}.converted")
    facts = convert(source, kind, converted, names)
    key = f"datasets/{dataset_id}/embeddings/{new_id()}.parquet"
    with converted.open("rb") as file:
        blobs.put(key, file)
    return Upload(key, facts.sha256, facts.rows, facts.dimension)


def as_csv(source: Path | pa.NativeFile) -> Iterator[bytes]:
    """A file of our form as a CSV of the published client."""
    file = pq.ParquetFile(source)
    dimension = file.schema_arrow.field("embedding").type.list_size
    return write_csv(file.iter_batches(batch_size=_BATCH_ROWS), dimension)


def _read_parquet(source: Path, samples: int) -> Iterator[pa.RecordBatch]:
    with reading("the file", "parquet"):
        file = pq.ParquetFile(source)
        require_plain_types(file.schema_arrow, "the file")
        missing = {"filename", "embedding"} - set(file.schema_arrow.names)
        if missing:
            raise InvalidInputError(
                f"a Parquet file has the columns filename and embedding; {', '.join(sorted(missing))} is missing"
            )
        columns = [name for name in ("filename", "embedding", "label") if name in file.schema_arrow.names]
        size = _batch_size(source, file.metadata.num_rows, samples)
        require_small_texts(file, source, "the file", longest=_TEXT_BYTES, together=limits.EMBEDDING_BYTES)
        for batch in file.iter_batches(batch_size=size, columns=columns):
            batch.validate(full=True)  # texts may be no UTF-8
            yield batch


def _batch_size(source: Path, rows: int, samples: int) -> int:
    """Rows to read at a time, by what the file says it unpacks to: a few KiB may be terabytes of zeros."""
    with source.open("rb") as file:
        values = values_by_column(file, "the file")["embedding"]
    if rows > samples and values > _BATCH_VALUES:
        raise InvalidInputError(f"the file has {rows:,} rows, the dataset has {samples:,} samples")
    if values > rows * limits.EMBEDDING_WIDTH:
        raise TooLargeError(f"an embedding has at most {limits.EMBEDDING_WIDTH:,} coordinates, here are more")
    return max(1, min(_BATCH_ROWS, _BATCH_VALUES * max(1, rows) // max(1, values)))


def _write(batches: Iterator[pa.RecordBatch], target: Path) -> tuple[pa.LargeStringArray, Layout]:
    """Write the batches, checked; return the file names, and how the vectors are stored."""
    filenames: list[pa.LargeStringArray] = []
    layout: Layout | None = None
    writer: pq.ParquetWriter | None = None
    try:
        for batch in batches:
            if not len(batch):
                continue
            names = batch.column("filename").cast(pa.string())
            layout = layout or first_layout([batch.column("embedding")], _WHERE)
            checked = pa.table(
                {
                    "filename": names,
                    "embedding": fixed_lists(_vectors(batch.column("embedding"), layout, names)),
                    "label": _labels(batch),
                }
            )
            writer = writer or pq.ParquetWriter(target, checked.schema)
            writer.write_table(checked)
            filenames.append(names.cast(pa.large_string()))
    finally:
        if writer is not None:
            writer.close()
    if layout is None:
        raise InvalidInputError("the file has no embeddings", code="EMBEDDING_ROW_COUNT_INVALID")
    return pa.chunked_array(filenames).combine_chunks(), layout


def _vectors(column: pa.Array, layout: Layout, names: pa.Array) -> NDArray[np.floating]:
    rows = np.arange(len(column))
    vectors = arrow_matrix(column, layout, rows, _WHERE)
    if not isinstance(vectors, VectorFault):
        vectors = settle(vectors, rows, normalize=False)
    if isinstance(vectors, VectorFault):
        raise InvalidInputError(f"{names[vectors.row].as_py()!r}: {vectors.problem}")
    return vectors


def _labels(batch: pa.RecordBatch) -> pa.Array:
    if "label" not in batch.schema.names:
        return pa.array([NO_LABEL] * len(batch), pa.string())
    return pc.fill_null(batch.column("label").cast(pa.string()), NO_LABEL)


def _rows(filenames: pa.LargeStringArray, names: pa.LargeStringArray) -> NDArray[np.int64]:
    """Where each file name stands in the mappings."""
    if filenames.null_count:
        raise InvalidInputError("a row has no filename: None is no sample of this dataset")
    twice = duplicates(filenames)
    if len(twice):
        raise InvalidInputError(f"{twice[0].as_py()['values']!r} has more than one embedding")
    rows = positions_in(filenames, names)
    if (rows < 0).any():
        first = filenames[int((rows < 0).argmax())].as_py()
        raise InvalidInputError(f"{first!r} is no sample of this dataset{unicode_hint(first, names)}")
    return rows


def _sort(target: Path, rows: NDArray[np.int64]) -> None:
    table = pq.read_table(target)
    pq.write_table(table.take(pa.array(np.argsort(rows, kind="stable"))), target)

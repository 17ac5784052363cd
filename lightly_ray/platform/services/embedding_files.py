"""Embedding files: from what clients upload (CSV or Parquet) to the one form that selections read.

The form is Parquet with the columns `filename`, `embedding` (a fixed number of floats) and `label`, its rows in
mappings order. Everything is checked on the way in, a batch at a time: names known and distinct, numbers
finite. A CSV is read as float32: clients print float32 numbers in the shortest form that reads back as the same.
"""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from lightly_ray.errors import InvalidInputError

Format = Literal["csv", "parquet"]
_BATCH_ROWS = 16_384
_BLOCK = 16 * 2**20


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


def convert(source: Path, kind: Format, target: Path, names: list[str]) -> Facts:
    """Check an uploaded file and write it in our form.

    Args:
        source: as uploaded.
        kind: what it is.
        target: the Parquet file to write.
        names: all file names of the dataset, in mappings order.

    Raises:
        InvalidInputError: it cannot be used (EMBEDDING_INVALID), or is empty (EMBEDDING_ROW_COUNT_INVALID).
    """
    try:
        places, dimension = _stream(_batches(source, kind), target, pa.array(names, pa.string()))
    except pa.ArrowException as error:
        raise _invalid(f"the file cannot be read as {kind}: {_first_line(error)}") from error
    if (np.diff(places) < 0).any():
        _sort(target, places)
    with source.open("rb") as file:
        return Facts(hashlib.file_digest(file, "sha256").hexdigest(), len(places), dimension)


def as_csv(source: Path | pa.NativeFile) -> Iterator[bytes]:
    """A file of our form as a CSV with the columns of the published client: filenames, embedding_0, ..., labels."""
    file = pq.ParquetFile(source)
    dimension = file.schema_arrow.field("embedding").type.list_size
    header = ["filenames", *(f"embedding_{axis}" for axis in range(dimension)), "labels"]
    yield ",".join(header).encode() + b"\n"
    options = pacsv.WriteOptions(include_header=False, quoting_style="needed")
    for batch in file.iter_batches(batch_size=_BATCH_ROWS):
        values = matrix(batch.column("embedding"))
        # Arrow writes the shortest text that reads back as the same number; half precision it cannot write.
        kind = np.float32 if values.dtype == np.float16 else values.dtype
        axes = [pa.array(np.ascontiguousarray(values[:, axis], dtype=kind)) for axis in range(dimension)]
        sink = pa.BufferOutputStream()
        table = pa.Table.from_arrays([batch.column("filename"), *axes, batch.column("label")], names=header)
        pacsv.write_csv(table, sink, options)
        yield sink.getvalue().to_pybytes()


def matrix(column: pa.Array) -> NDArray[np.floating]:
    """An `embedding` column as (rows, D), without a copy."""
    values: NDArray[np.floating] = column.flatten().to_numpy(zero_copy_only=False)
    return values.reshape(len(column), column.type.list_size)


def _batches(source: Path, kind: Format) -> Iterator[pa.RecordBatch]:
    return _csv_batches(source) if kind == "csv" else _parquet_batches(source)


def _csv_batches(source: Path) -> Iterator[pa.RecordBatch]:
    with source.open(newline="", encoding="utf-8", errors="replace") as file:
        header = next(csv.reader(file), [])
    columns = [name for name in header if name.startswith("embedding_")]
    if "filenames" not in header or not columns or len(set(header)) != len(header):
        raise _invalid(f"a CSV has the columns filenames, embedding_0, ..., labels; got {', '.join(header)[:200]!r}")
    types = {"filenames": pa.string(), "labels": pa.string()} | dict.fromkeys(columns, pa.float32())
    wanted = ["filenames", *columns, *({"labels"} & set(header))]
    # No text stands for a missing value: an empty field is an error, not a hole.
    convert = pacsv.ConvertOptions(
        column_types=types, include_columns=wanted, null_values=[], strings_can_be_null=False
    )
    with pacsv.open_csv(source, read_options=pacsv.ReadOptions(block_size=_BLOCK), convert_options=convert) as reader:
        for batch in reader:
            values = np.column_stack([batch.column(name).to_numpy(zero_copy_only=False) for name in columns])
            labels = batch.column("labels") if "labels" in header else None
            yield _batch(batch.column("filenames"), _fixed(values), labels)


def _parquet_batches(source: Path) -> Iterator[pa.RecordBatch]:
    file = pq.ParquetFile(source)
    missing = {"filename", "embedding"} - set(file.schema_arrow.names)
    if missing:
        raise _invalid(
            f"a Parquet file has the columns filename and embedding; {', '.join(sorted(missing))} is missing"
        )
    columns = [name for name in ("filename", "embedding", "label") if name in file.schema_arrow.names]
    for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=columns):
        names = batch.column("filename").cast(pa.string())
        labels = batch.column("label").cast(pa.string()) if "label" in columns else None
        yield _batch(names, _as_fixed(batch.column("embedding"), names), labels)


def _as_fixed(column: pa.Array, names: pa.Array) -> pa.Array:
    kind = column.type
    if isinstance(column, pa.ExtensionArray):
        column, kind = column.storage, column.storage.type
    if not (pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind)):
        raise _invalid(f"the column embedding holds lists of floats, got {kind}")
    if not pa.types.is_floating(kind.value_type):
        raise _invalid(f"the column embedding holds lists of floats, got lists of {kind.value_type}")
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    if (lengths != lengths[0]).any() or not lengths[0] or column.flatten().null_count:
        odd = names[int((lengths != lengths[0]).argmax())].as_py()
        raise _invalid(f"every embedding has the same number of floats, none missing: see {odd!r}")
    values = column.flatten().to_numpy(zero_copy_only=False)
    return _fixed(values.reshape(len(column), int(lengths[0])))


def _fixed(values: NDArray[np.floating]) -> pa.Array:
    flat = pa.array(np.ascontiguousarray(values).ravel())
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])


def _batch(names: pa.Array, vectors: pa.Array, labels: pa.Array | None) -> pa.RecordBatch:
    if labels is None:
        labels = pa.array(["0"] * len(names), pa.string())
    return pa.RecordBatch.from_arrays([names, vectors, pc.fill_null(labels, "0")], ["filename", "embedding", "label"])


def _stream(batches: Iterator[pa.RecordBatch], target: Path, names: pa.Array) -> tuple[NDArray[np.int64], int]:
    """Write the batches; return where each row stands in the mappings, and the dimension."""
    places: list[NDArray[np.int64]] = []
    seen = np.zeros(len(names), dtype=bool)
    writer: pq.ParquetWriter | None = None
    try:
        for batch in batches:
            if not len(batch):
                continue
            if writer is None:
                writer = pq.ParquetWriter(target, batch.schema)
            elif batch.schema != writer.schema:
                raise _invalid("every embedding has the same number of floats, of the same type")
            places.append(_places(batch.column("filename"), names, seen))
            _require_finite(batch)
            writer.write_batch(batch)
    finally:
        if writer is not None:
            writer.close()
    if writer is None:
        raise InvalidInputError("the file has no embeddings", code="EMBEDDING_ROW_COUNT_INVALID")
    return np.concatenate(places), writer.schema.field("embedding").type.list_size


def _places(found: pa.Array, names: pa.Array, seen: NDArray[np.bool_]) -> NDArray[np.int64]:
    where = pc.index_in(found, value_set=names)
    if where.null_count:
        unknown = found.filter(pc.is_null(where))[0].as_py()
        raise _invalid(f"{unknown!r} is no sample of this dataset")
    places: NDArray[np.int64] = where.to_numpy(zero_copy_only=False).astype(np.int64)
    again = seen[places]
    again[np.setdiff1d(np.arange(len(places)), np.unique(places, return_index=True)[1])] = True
    if again.any():
        raise _invalid(f"{found[int(again.argmax())].as_py()!r} has more than one embedding")
    seen[places] = True
    return places


def _require_finite(batch: pa.RecordBatch) -> None:
    bad = ~np.isfinite(matrix(batch.column("embedding"))).all(axis=1)
    if bad.any():
        raise _invalid(f"the embedding of {batch.column('filename')[int(bad.argmax())].as_py()!r} is not finite")


def _sort(target: Path, places: NDArray[np.int64]) -> None:
    table = pq.read_table(target)
    pq.write_table(table.take(pa.array(np.argsort(places, kind="stable"))), target)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:300]


def _invalid(message: str) -> InvalidInputError:
    return InvalidInputError(message, code="EMBEDDING_INVALID")

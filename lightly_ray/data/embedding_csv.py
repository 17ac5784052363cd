"""Embeddings in the CSV format of the published clients: columns `filenames`, `embedding_0`, ..., and `labels`.

Clients print float32 numbers in the shortest form that reads back as the same, so a file is read as float32.
Columns may stand in any order, and labels may be left out.
"""

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from lightly_ray.data.vectors import fixed_lists, matrix
from lightly_ray.errors import InvalidInputError, UnreadableError

NO_LABEL = "0"  # what published clients write
_BLOCK = 16 * 2**20


def read_csv(path: Path, what: str) -> Iterator[pa.RecordBatch]:
    """Read a file, some rows at a time.

    Args:
        path: of the file.
        what: how messages call it.

    Yields:
        Columns ``filename`` (string), ``embedding`` (fixed-size list of float32) and ``label`` (string).

    Raises:
        InvalidInputError: a column is missing, or there twice.
        UnreadableError: a row has other columns, or something that is no number.
    """
    columns, labelled = _columns(path, what)
    types = {"filenames": pa.string(), "labels": pa.string()} | dict.fromkeys(columns, pa.float32())
    # No text stands for a missing value: an empty field is an error, not a hole.
    options = pacsv.ConvertOptions(
        column_types=types,
        include_columns=["filenames", *columns, *(["labels"] if labelled else [])],
        null_values=[],
        strings_can_be_null=False,
    )
    with (
        reading(what, "csv"),
        pacsv.open_csv(path, read_options=pacsv.ReadOptions(block_size=_BLOCK), convert_options=options) as reader,
    ):
        for batch in reader:
            vectors = np.column_stack([batch.column(name).to_numpy(zero_copy_only=False) for name in columns])
            labels = batch.column("labels") if labelled else pa.array([NO_LABEL] * len(batch), pa.string())
            yield pa.RecordBatch.from_arrays(
                [batch.column("filenames"), fixed_lists(vectors), labels], ["filename", "embedding", "label"]
            )


def write_csv(batches: Iterable[pa.RecordBatch], dimension: int) -> Iterator[bytes]:
    """The bytes of a file, header first, a piece for each batch of ``filename``, ``embedding`` and ``label``."""
    header = ["filenames", *(f"embedding_{axis}" for axis in range(dimension)), "labels"]
    yield ",".join(header).encode() + b"\n"
    options = pacsv.WriteOptions(include_header=False, quoting_style="needed")
    for batch in batches:
        values = matrix(batch.column("embedding"))
        # Arrow writes the shortest text that reads back as the same number; half precision it cannot write.
        dtype = np.float32 if values.dtype == np.float16 else values.dtype
        axes = [pa.array(np.ascontiguousarray(values[:, axis], dtype=dtype)) for axis in range(dimension)]
        sink = pa.BufferOutputStream()
        table = pa.Table.from_arrays([batch.column("filename"), *axes, batch.column("label")], names=header)
        pacsv.write_csv(table, sink, options)
        yield sink.getvalue().to_pybytes()


@contextmanager
def reading(what: str, kind: str) -> Iterator[None]:
    """What Arrow raises on a broken file of embeddings becomes `UnreadableError`, with the first line of the reason."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise UnreadableError(f"{what} cannot be read as {kind}: {str(error).splitlines()[0][:300]}") from error


def _columns(path: Path, what: str) -> tuple[list[str], bool]:
    """The columns with coordinates, and whether there are labels."""
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        header = next(csv.reader(file), [])
    columns = [name for name in header if name.startswith("embedding_")]
    if "filenames" not in header or not columns or len(set(header)) != len(header):
        raise InvalidInputError(
            f"{what} has not the columns filenames, embedding_0, ..., labels; it has {', '.join(header)[:200]!r}"
        )
    return columns, "labels" in header

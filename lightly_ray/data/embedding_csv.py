"""Embeddings in the CSV format of the published clients: columns `filenames`, `embedding_0`, ..., and `labels`.

Clients print float32 numbers in the shortest form that reads back as the same, so a file is read as float32.
Columns may stand in any order, coordinate k is `embedding_k`, and labels may be left out.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from lightly_ray.data.hostile_parquet import BROKEN
from lightly_ray.data.vectors import fixed_lists, matrix
from lightly_ray.errors import InvalidInputError, UnreadableError

NO_LABEL = "0"  # what published clients write
_BLOCK = 16 * 2**20
_HEADER = 2 * 2**20  # bytes that are looked at, for 100,000 coordinates: a file may be one line of gigabytes


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
        reading(what, "csv", partial(_bad_line, path, columns)),
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
    for batch in batches:
        values = matrix(batch.column("embedding"))
        # Arrow writes the shortest text that reads back as the same number; half precision it cannot write.
        dtype = np.float32 if values.dtype == np.float16 else values.dtype
        axes = [_number_texts(np.ascontiguousarray(values[:, axis], dtype=dtype)) for axis in range(dimension)]
        rows = pc.binary_join_element_wise(
            _quoted(batch.column("filename")), *axes, _quoted(batch.column("label")), ","
        )
        yield "".join(f"{row}\n" for row in rows.to_pylist()).encode()


@contextmanager
def reading(what: str, kind: str, place: Callable[[], str] = str) -> Iterator[None]:
    """What Arrow raises on a broken file of embeddings becomes `UnreadableError`, with the first line of the reason.

    Args:
        what: how messages call the file.
        kind: what it was read as.
        place: says where in the file the error is, "" where that is not known.
    """
    try:
        yield
    except BROKEN as error:
        reason = f"{place()}{str(error).splitlines()[0][:300]}"
        raise UnreadableError(f"{what} cannot be read as {kind}: {reason}") from error


def _number_texts(values: NDArray[np.floating]) -> pa.StringArray:
    """Numbers as published clients write them: 1.0, not 1."""
    texts = pa.array(values).cast(pa.string())
    return pc.if_else(pc.match_substring_regex(texts, "[.en]"), texts, pc.binary_join_element_wise(texts, ".0", ""))


def _quoted(texts: pa.Array) -> pa.Array:
    texts = texts.cast(pa.string())
    inside = pc.replace_substring(texts, '"', '""')
    return pc.if_else(
        pc.match_substring_regex(texts, '[",\r\n]'), pc.binary_join_element_wise('"', inside, '"', ""), texts
    )


def _bad_line(path: Path, columns: Sequence[str]) -> str:
    """Where the first row is that has other columns than the header, or no number where one belongs."""
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file, suppress(csv.Error):
        rows = csv.reader(iter(lambda: file.readline(_BLOCK), ""))
        header = next((row for row in rows if row), [])
        axes = [header.index(name) for name in columns]
        for row in rows:
            if row and (len(row) != len(header) or not all(_is_number(row[axis]) for axis in axes)):
                return f"line {rows.line_num}: "
    return ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _columns(path: Path, what: str) -> tuple[list[str], bool]:
    """The columns with coordinates, and whether there are labels."""
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        try:
            header = next((row for row in csv.reader(iter(lambda: file.readline(_HEADER), "")) if row), [])
        except csv.Error as error:
            raise UnreadableError(f"{what} cannot be read as csv: the header: {error}") from error
    axes = {int(found[1]): name for name in header if (found := re.fullmatch(r"embedding_([0-9]{1,6})", name))}
    # By their number: sorted as text, embedding_10 stands before embedding_2.
    columns = [axes[axis] for axis in sorted(axes)]
    complete = bool(axes) and sorted(axes) == list(range(len(axes)))
    if "filenames" not in header or not complete or len(set(header)) != len(header):
        raise InvalidInputError(
            f"{what} has not the columns filenames, embedding_0, ..., labels; it has {', '.join(header)[:200]!r}"
        )
    return columns, "labels" in header

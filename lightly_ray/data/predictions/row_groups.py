"""Predictions in Parquet files: row groups as pieces of work, and how one piece is read.

The footers alone decide the pieces, so the same files are cut in the same way in every run. A piece is a table of
*spans*, consecutive row groups of one file each: a small file shares its piece with the files behind it.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pyarrow as pa

from lightly_ray.data.location import Location
from lightly_ray.data.parquet import open_parquet
from lightly_ray.errors import InvalidInputError

PIECE_ROWS, PIECE_BYTES = 1 << 16, 32 << 20  # a piece ends before the row group that would go beyond either
_BATCH_ROWS, _BATCH_BYTES = 8192, 16 << 20  # of what is in memory at once, whatever a row group holds
_FOOTER_THREADS = 16  # footers of files in an object store wait for the network, not for a CPU
_BUFFER = 8 << 20  # bytes of a column asked for at once: small requests are slow on an object store

Choose = Callable[[Sequence[str]], list[str]]  # names of the columns of a file -> those to read; raises where some lack


def cut(place: Location, paths: Sequence[str], choose: Choose) -> list[pa.Table]:
    """Cut files into pieces.

    Args:
        place: any on the file system of the files.
        paths: the files, in the order of their rows.
        choose: which of the columns of a file will be read.

    Returns:
        One table of spans per piece, with columns ``path``, ``first`` and ``stop`` (row groups), and ``rows``; a
        single one of no rows where the files have none.

    Raises:
        UnreadableError: a file cannot be read as Parquet.
        InvalidInputError: a file lacks a column.
    """
    with ThreadPoolExecutor(_FOOTER_THREADS) as pool:
        footers = list(pool.map(partial(_groups, place, choose), paths))
    pieces: list[list[dict[str, Any]]] = []
    rows, size = PIECE_ROWS, PIECE_BYTES
    for path, groups in zip(paths, footers, strict=True):
        for number, (group_rows, group_size) in enumerate(groups):
            if not group_rows:
                continue
            if not pieces or rows + group_rows > PIECE_ROWS or size + group_size > PIECE_BYTES:
                pieces.append([])
                rows = size = 0
            rows, size = rows + group_rows, size + group_size
            pieces[-1].append({"path": path, "first": number, "stop": number + 1, "rows": group_rows})
    nothing = [{"path": paths[0], "first": 0, "stop": 0, "rows": 0}]
    return [pa.Table.from_pylist(_joined(spans)) for spans in pieces or [nothing]]


def read(spans: pa.Table, place: Location, choose: Choose) -> Iterator[pa.Table]:
    """Read a piece, a few rows at a time.

    Args:
        spans: one table of ``cut``.
        place: any on the file system of the files.
        choose: which of the columns of a file to read.

    Yields:
        At least one table.

    Raises:
        UnreadableError: a file cannot be read as Parquet.
        InvalidInputError: it has other rows than before.
    """
    for span in spans.to_pylist():
        groups = list(range(span["first"], span["stop"]))
        with open_parquet(place.at(span["path"]), buffer=_BUFFER) as file:
            columns = choose(file.schema_arrow.names)
            footer = file.metadata
            row_groups = [footer.row_group(group) for group in groups if group < footer.num_row_groups]
            if sum(group.num_rows for group in row_groups) != span["rows"]:
                raise InvalidInputError(f"{place.at(span['path']).shown!r} changed while it was being read")
            if not groups:
                yield file.schema_arrow.empty_table().select(columns)
                return
            row_bytes = sum(group.total_byte_size for group in row_groups) // span["rows"]
            step = min(_BATCH_ROWS, _BATCH_BYTES // max(1, row_bytes) + 1)
            for batch in file.iter_batches(step, row_groups=groups, columns=columns):
                yield pa.Table.from_batches([batch])


def _groups(place: Location, choose: Choose, path: str) -> list[tuple[int, int]]:
    with open_parquet(place.at(path), buffer=_BUFFER) as file:
        choose(file.schema_arrow.names)
        groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
        return [(group.num_rows, group.total_byte_size) for group in groups]


def _joined(spans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # Neighbouring row groups of one file are one span.
    result: list[dict[str, Any]] = []
    for span in spans:
        last = result[-1] if result else None
        if last is not None and (last["path"], last["stop"]) == (span["path"], span["first"]):
            last |= {"stop": span["stop"], "rows": last["rows"] + span["rows"]}
        else:
            result.append(dict(span))
    return result

"""The samples of a tag as a table: their file names and the value of every column, as CSV or JSON, a part at a time."""

import csv
import gzip
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from lightly_ray.bitmask import BitMask
from lightly_ray.data.spreadsheets import harmless
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services.columns import catalog, samples
from lightly_ray.platform.services.columns.summary import MISSING, Summary, Values

_PART = 5_000  # rows
FILE_NAME = "filename"
_encoded = json.JSONEncoder(ensure_ascii=False).encode  # `json.dumps` would make a new one for each item

Value = float | str | None


@dataclass(frozen=True, slots=True)
class _Column:
    """A column, and its values by row."""

    name: str
    summary: Summary
    values: Values

    def at(self, rows: NDArray[np.int64]) -> list[Value]:
        """What it holds at some rows; a number in as few digits as read back as the same."""
        some = self.values[rows]
        if self.summary["kind"] == "category":
            words = [text for text, _ in self.summary["values"]]
            return [None if code == MISSING else words[code] for code in some.tolist()]
        return [None if np.isnan(value) else _shortest(value) for value in some]


class _Names:
    """All file names of a dataset, packed, so that a million of them are one piece of memory."""

    def __init__(self, platform: Platform, dataset_id: str) -> None:
        names = samples.read_names(platform, dataset_id)
        content = gzip.decompress(names.content)
        self.n = names.n
        self._offsets = np.frombuffer(content, "<u4", names.n + 1)
        self._texts = memoryview(content)[4 * (names.n + 1) :]

    def at(self, rows: NDArray[np.int64]) -> list[str]:
        """The names of some rows."""
        ends = zip(self._offsets[rows].tolist(), self._offsets[rows + 1].tolist(), strict=True)
        return [bytes(self._texts[start:end]).decode() for start, end in ends]


def names_text(platform: Platform, dataset_id: str, mask: BitMask) -> Iterator[bytes]:
    """One file name per line."""
    names = _Names(platform, dataset_id)
    for rows in _parts(mask, names.n):
        yield "".join(f"{name}\n" for name in names.at(rows)).encode()


def csv_table(platform: Platform, dataset_id: str, mask: BitMask) -> Iterator[bytes]:
    """A header, then a line per sample; a value that is missing is empty.

    A text that a spreadsheet would take for a formula has an apostrophe in front.
    """
    for number, lines in enumerate(_table(platform, dataset_id, mask)):
        out = io.StringIO()
        writer = csv.writer(out)
        header, rows = lines
        if not number:
            writer.writerow([_harmless(name) for name in header])
        writer.writerows([_harmless(value) for value in row] for row in rows)
        yield out.getvalue().encode()


def json_table(platform: Platform, dataset_id: str, mask: BitMask) -> Iterator[bytes]:
    """A list of objects with the names of the CSV's columns; a value that is missing is null."""
    objects = (
        dict(zip(header, row, strict=True)) for header, rows in _table(platform, dataset_id, mask) for row in rows
    )
    return json_list(objects)


def json_list(items: Iterable[object]) -> Iterator[bytes]:
    """A JSON list that is never whole in memory, an item per line."""
    begin, items = "[\n", iter(items)
    while some := list(islice(items, _PART)):
        yield (begin + ",\n".join(_encoded(item) for item in some)).encode()
        begin = ",\n"
    yield b"[]\n" if begin == "[\n" else b"\n]\n"


def _table(platform: Platform, dataset_id: str, mask: BitMask) -> Iterator[tuple[list[str], list[tuple[Value, ...]]]]:
    """The header, and some lines; at least once."""
    names, columns = _Names(platform, dataset_id), _columns(platform, dataset_id)
    header = [FILE_NAME, *(column.name for column in columns)]
    yield header, []
    for rows in _parts(mask, names.n):
        yield header, list(zip(names.at(rows), *(column.at(rows) for column in columns), strict=True))


def _columns(platform: Platform, dataset_id: str) -> list[_Column]:
    listed = catalog.list_columns(platform, dataset_id)
    count = Counter([FILE_NAME, *(it["title"] for it in listed)])
    return [
        _Column(it["title"] if count[it["title"]] == 1 else it["key"], it, catalog.values_of(platform, dataset_id, it))
        for it in listed
    ]


def _parts(mask: BitMask, n: int) -> Iterator[NDArray[np.int64]]:
    rows = mask.to_rows()
    rows = rows[rows < n]
    for start in range(0, len(rows), _PART):
        yield rows[start : start + _PART]


def _shortest(value: np.float32) -> float:
    """The float64 whose text is the shortest that reads back as this float32."""
    return float(str(value))


def _harmless(value: Value) -> Value:
    return harmless(value) if isinstance(value, str) else value

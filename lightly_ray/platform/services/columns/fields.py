"""JSON objects, one per sample, a batch at a time -> a column for each of their fields.

Arrow reads a batch of texts several times as fast as `json` does. It refuses a batch in which a field changes its
type, or comes twice in one object: such a batch is read one by one. Objects within objects, and lists but `shape`,
are passed over.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pajson
from numpy.typing import NDArray

from lightly_ray.platform.services.columns.summary import MISSING, MOST_CATEGORIES

MOST_FIELDS = 100
_LONGEST = 255  # characters of a category
_SHAPE = ("height", "width")
_BLOCK = 2**20  # more than the metadata of one sample may have


class Categories:
    """Texts as codes, by row.

    Attributes:
        codes: (n,) positions in ``texts``, `MISSING` where there is none.
        texts: distinct, in order of arrival.
        count: rows that have a text.
        offered: whether the texts are few and short enough to choose from; the codes mean nothing where they are not.
    """

    def __init__(self, n: int) -> None:
        self.codes = np.full(n, MISSING, dtype=np.uint16)
        self._by_text: dict[str, int] = {}
        self.count = 0
        self.offered = True

    @property
    def texts(self) -> list[str]:
        """Distinct, in order of arrival."""
        return list(self._by_text)

    def add(self, start: int, texts: pa.Array) -> None:
        """Take the texts of consecutive rows; null is missing."""
        self.count += len(texts) - texts.null_count
        if not self.offered:
            return
        encoded = texts.dictionary_encode()
        fresh: list[str] = encoded.dictionary.to_pylist()
        codes = [self._by_text.setdefault(text, len(self._by_text)) for text in fresh]
        self.offered = len(self._by_text) <= MOST_CATEGORIES and all(len(text) <= _LONGEST for text in fresh)
        if self.offered:
            table = np.array([*codes, MISSING], dtype=np.uint16)
            places = encoded.indices.fill_null(len(codes)).to_numpy(zero_copy_only=False)
            self.codes[start : start + len(texts)] = table[places]


class Fields:
    """The fields of n objects.

    Attributes:
        numbers: (n,) float32 by name, NaN where there is none, or it does not fit.
        categories: by name; booleans are the texts true and false.
    """

    def __init__(self, n: int) -> None:
        self._n = n
        self.numbers: dict[str, NDArray[np.float32]] = {}
        self.categories: dict[str, Categories] = {}

    def add(self, start: int, texts: Sequence[str | None]) -> None:
        """Take the objects of consecutive rows, as JSON; None is an object without fields."""
        numbers, words = read_objects(texts)
        for name in sorted(numbers):
            if name not in self.numbers and len(self.numbers) < MOST_FIELDS:
                self.numbers[name] = np.full(self._n, np.nan, dtype=np.float32)
            if name in self.numbers:
                self.numbers[name][start : start + len(texts)] = numbers[name]
        for name in sorted(words):
            if name not in self.categories and len(self.categories) < MOST_FIELDS:
                self.categories[name] = Categories(self._n)
            if name in self.categories:
                self.categories[name].add(start, words[name])

    def is_number(self, name: str) -> bool:
        """Whether a field is to be shown as numbers: more samples have a number there than a text."""
        if name not in self.categories or name not in self.numbers:
            return name in self.numbers
        return int((~np.isnan(self.numbers[name])).sum()) >= self.categories[name].count


def read_objects(texts: Sequence[str | None]) -> tuple[dict[str, NDArray[np.float32]], dict[str, pa.Array]]:
    """The numbers, and the texts, of each field: (count,) each, with NaN and null for what is missing."""
    try:
        table = _by_arrow("\n".join(text or "{}" for text in texts).encode())
    except pa.ArrowInvalid:
        return _one_by_one(texts)
    if table.num_columns and len(table) != len(texts):  # a text of several lines
        return _one_by_one(texts)
    numbers: dict[str, NDArray[np.float32]] = {}
    words: dict[str, pa.Array] = {}
    for name, chunked in zip(table.column_names, table.columns, strict=True):
        column = chunked.combine_chunks()
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            numbers[name] = _narrow(_floats(column))
        elif pa.types.is_string(column.type) or pa.types.is_boolean(column.type):
            words[name] = column.cast(pa.string())
        elif name == "shape" and pa.types.is_list(column.type) and pa.types.is_integer(column.type.value_type):
            numbers |= dict(zip(_SHAPE, _sides(column), strict=True))
    return numbers, words


def _by_arrow(text: bytes) -> pa.Table:
    read = pajson.ReadOptions(block_size=_BLOCK)
    table = pajson.read_json(pa.BufferReader(text), read_options=read)
    # What looks like a time is text here: it is to be shown as it was written.
    times = [(field.name, pa.string()) for field in table.schema if pa.types.is_timestamp(field.type)]
    if times:
        parse = pajson.ParseOptions(explicit_schema=pa.schema(times))
        table = pajson.read_json(pa.BufferReader(text), read_options=read, parse_options=parse)
    return table


def _sides(column: pa.ListArray) -> list[NDArray[np.float32]]:
    """Height and width of shapes [height, width, ...]; NaN where a shape is missing or shorter."""
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    starts = np.cumsum(lengths) - lengths
    values = _floats(column.flatten())
    sides = np.full((2, len(column)), np.nan)
    there = lengths >= 2
    for axis in range(2):
        sides[axis, there] = values[starts[there] + axis]
    return [_narrow(side) for side in sides]


def _one_by_one(texts: Sequence[str | None]) -> tuple[dict[str, NDArray[np.float32]], dict[str, pa.Array]]:
    numbers: dict[str, NDArray[np.float64]] = {}
    words: dict[str, list[str | None]] = {}
    for place, text in enumerate(texts):
        fields: dict[str, Any] = json.loads(text) if text else {}
        shape = fields.get("shape")
        if isinstance(shape, list) and len(shape) >= 2:
            fields |= dict(zip(_SHAPE, shape, strict=False))
        for name, value in fields.items():
            if isinstance(value, str | bool):
                word = str(value).lower() if isinstance(value, bool) else value
                words.setdefault(name, [None] * len(texts))[place] = word
            elif isinstance(value, int | float):
                column = numbers.setdefault(name, np.full(len(texts), np.nan))
                column[place] = value if abs(value) < np.finfo(np.float64).max else np.nan
    return (
        {name: _narrow(values) for name, values in numbers.items()},
        {name: pa.array(values, pa.string()) for name, values in words.items()},
    )


def _floats(column: pa.Array) -> NDArray[np.float64]:
    values: NDArray[np.float64] = column.cast(pa.float64(), safe=False).fill_null(np.nan).to_numpy(zero_copy_only=False)
    return values


def _narrow(values: NDArray[np.float64]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    narrow[np.isinf(narrow)] = np.nan
    return narrow

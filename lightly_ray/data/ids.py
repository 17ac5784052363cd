"""The ids of N samples, in row order, as Arrow strings or as the row numbers themselves.

An id stays the same, a row is a position in one data set; `Ids` translates between them and is the only
place that does. N strings stay in one Arrow buffer: 100,000,000 Python strings would need more memory
than their embeddings. What a lookup costs: see `string_lookup`.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lightly_ray._types import IdsLike
from lightly_ray.data.string_lookup import CHUNK, chunks, contents, duplicates, positions_in
from lightly_ray.data.text import unicode_hint
from lightly_ray.errors import InvalidInputError

RowNumbers = NDArray[np.int64]


class Ids:
    """N distinct ids; row i has the i-th.

    Args:
        names: (N,) strings, None where the row numbers are the ids.
        count: N.
    """

    def __init__(self, names: pa.LargeStringArray | None, count: int) -> None:
        self._names = names
        self._count = count

    @classmethod
    def numbered(cls, count: int) -> "Ids":
        """Ids that are the row numbers 0 .. ``count`` - 1."""
        return cls(None, count)

    @classmethod
    def from_values(cls, values: IdsLike, what: str = "ids") -> "Ids":
        """Ids from strings: a list, a NumPy array or an Arrow column.

        Args:
            values: (N,) distinct strings.
            what: how messages call them.

        Raises:
            InvalidInputError: a value is no string or missing, or an id comes twice.
        """
        names = strings(values, what)
        require_distinct(names, what)
        pa.default_memory_pool().release_unused()  # what decoding and copying a column leaves is as large as the column
        return cls(names, len(names))

    def __len__(self) -> int:
        return self._count

    @property
    def numbers(self) -> bool:
        """Whether the ids are row numbers."""
        return self._names is None

    def at(self, rows: RowNumbers) -> list[str] | list[int]:
        """The ids of ``rows``, in their order."""
        if self._names is None:
            numbers: list[int] = rows.tolist()
            return numbers
        names: list[str] = self._names.take(pa.array(rows)).to_pylist()
        return names

    def texts(self, rows: RowNumbers | None = None) -> Iterator[list[str]]:
        """The ids of ``rows`` (default: of all) as text, in chunks that bound the memory."""
        count = self._count if rows is None else len(rows)
        for start in range(0, count, CHUNK):
            stop = min(start + CHUNK, count)
            chunk = np.arange(start, stop) if rows is None else rows[start:stop]
            yield [str(name) for name in self.at(chunk)]

    def name(self, row: int) -> str:
        """How messages call the sample of one row."""
        return f"row {row}" if self._names is None else f"sample {self._names[row].as_py()!r} (row {row})"

    def rows_of(self, values: IdsLike, what: str) -> RowNumbers:
        """Translate ids to rows, keeping their order.

        Args:
            values: (k,) distinct ids that exist.
            what: whose ids they are, for the message: "query".

        Returns:
            (k,) rows.

        Raises:
            InvalidInputError: an id is unknown or comes twice.
        """
        return self._rows_of_numbers(values, what) if self._names is None else _rows_of_names(self._names, values, what)

    def contain_any(self, names: list[str]) -> bool:
        """Whether one of some texts is an id; row numbers are none."""
        return self._names is not None and bool((positions_in(strings(names, "names"), self._names) >= 0).any())

    def digest(self) -> str:
        """A fingerprint of all ids and their order."""
        state = hashlib.blake2b(str(self._count).encode(), digest_size=16)
        if self._names is not None:
            for _, chunk in chunks(self._names):
                offsets, data = contents(chunk)
                # Lengths first, or ["ab", "c"] and ["a", "bc"] would be the same.
                state.update(np.diff(offsets).tobytes())
                state.update(data[offsets[0] : offsets[-1]].tobytes())
        return state.hexdigest()

    def _rows_of_numbers(self, values: IdsLike, what: str) -> RowNumbers:
        rows = _numbers(values, what)
        outside = np.flatnonzero((rows < 0) | (rows >= self._count))
        if len(outside):
            raise InvalidInputError(
                f"{what}: the data has no ids, so rows 0 .. {self._count - 1} stand for them; got {rows[outside[0]]}"
            )
        ordered = np.sort(rows)
        twice = np.flatnonzero(ordered[1:] == ordered[:-1])
        if len(twice):
            raise InvalidInputError(f"{what}: row {ordered[twice[0]]} comes twice")
        return rows


def _rows_of_names(names: pa.LargeStringArray, values: IdsLike, what: str) -> RowNumbers:
    texts = strings(values, what)
    require_distinct(texts, what)
    rows = positions_in(texts, names)
    unknown = np.flatnonzero(rows < 0)
    if len(unknown):
        first = texts[int(unknown[0])].as_py()
        raise InvalidInputError(
            f"{what}: {len(unknown)} of {len(rows)} ids are not among the {len(names)} ids of the data, first: "
            f"{first!r}{unicode_hint(first, names)}; those of the data look like {names[0].as_py()!r}"
        )
    return rows


def strings(values: IdsLike, what: str) -> pa.LargeStringArray:
    """(N,) Arrow strings from a list, a NumPy array or an Arrow column.

    Raises:
        InvalidInputError: they are one bare string, or a value is no string, or is missing.
    """
    if isinstance(values, str | bytes):
        raise InvalidInputError(f"{what}: give a list of ids, got the single value {values!r}")
    column = _arrow(values, what)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_null(column.type):  # nothing but None; what an empty list becomes, too
        column = column.cast(pa.large_string())
    if not _is_text(column.type) and len(column):
        raise InvalidInputError(f"{what} must be strings, got {column.type}; cast them to strings")
    column = column.cast(pa.large_string())
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if column.null_count:
        first = int(np.flatnonzero(pc.is_null(column).to_numpy(zero_copy_only=False))[0])
        raise InvalidInputError(f"{what}: {column.null_count} ids are missing (null), first at position {first}")
    return column


def require_distinct(names: pa.LargeStringArray, what: str) -> None:
    """Refuse names of which one comes twice, naming it."""
    twice = duplicates(names)
    if len(twice):
        first = twice[0].as_py()
        raise InvalidInputError(
            f"{what} must be distinct: {len(twice)} come more than once, first: {first['values']!r} "
            f"({first['counts']} times)"
        )


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _arrow(values: IdsLike, what: str) -> Any:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    array = values if isinstance(values, np.ndarray) else list(_iterable(values, what))
    try:
        return pa.array(array)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InvalidInputError(f"{what} must be strings: {error}") from error


def _iterable(values: object, what: str) -> Iterable[object]:
    if isinstance(values, Iterable):
        return values
    raise InvalidInputError(f"{what}: give a list of ids, got {type(values).__name__}")


def _numbers(values: IdsLike, what: str) -> RowNumbers:
    if isinstance(values, str | bytes):
        raise InvalidInputError(f"{what}: the data has no ids, give row numbers, got {values!r}")
    if isinstance(values, pa.Array | pa.ChunkedArray | np.ndarray):
        numbers = np.asarray(values)
    else:
        numbers = np.asarray(list(_iterable(values, what)))
    if not numbers.size:
        return np.zeros(0, dtype=np.int64)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu":
        example = numbers.ravel()[0]
        raise InvalidInputError(f"{what}: the data has no ids, give row numbers, got {example!r}")
    return numbers.astype(np.int64)

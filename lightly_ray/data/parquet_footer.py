"""How many values each column of a Parquet file says it has, read from its last bytes by hand.

Arrow's own accessor ends the process, without an exception, where a damaged footer contradicts itself: it is not for
files from strangers. The footer is one struct in Thrift's compact protocol; of it the row groups are of interest.

References:
    Apache Parquet. File format, FileMetaData. https://parquet.apache.org/docs/file-format/metadata/
    Apache Thrift. Compact protocol. https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

import struct
from collections import Counter
from typing import Any, BinaryIO

from lightly_ray.errors import UnreadableError

_MAGIC, _DEEPEST = b"PAR1", 16
_GROUPS, _COLUMNS, _OF_COLUMN, _PATH, _COUNT = 4, 1, 3, 3, 5  # numbers of fields
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 12
_WHOLE_NUMBERS = frozenset({4, 5, 6})


def values_by_column(file: BinaryIO, what: str) -> Counter[str]:
    """How many values the columns of a file unpack to, those in lists counted one by one.

    Args:
        file: to read, with seek.
        what: the file, as errors name it.

    Raises:
        UnreadableError: it is no Parquet file, or a broken one.
    """
    try:
        footer = _Reader(_footer(file)).struct(0)
        counts: Counter[str] = Counter()
        for group in footer[_GROUPS]:
            for column in group[_COLUMNS]:
                about = column[_OF_COLUMN]
                counts[about[_PATH][0].decode()] += max(0, about[_COUNT])
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UnreadableError(f"{what} cannot be read as parquet: its footer is damaged") from error
    return counts


def _footer(file: BinaryIO) -> bytes:
    end = file.seek(0, 2)
    file.seek(max(0, end - 8))
    tail = file.read(8)
    size = int.from_bytes(tail[:4], "little")
    if tail[4:] != _MAGIC or size > end - 12:
        raise ValueError("no footer")
    file.seek(end - 8 - size)
    return file.read(size)


class _Reader:
    """Reads values one after the other; a struct becomes a dict by the numbers of its fields."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def struct(self, depth: int) -> dict[int, Any]:
        if depth > _DEEPEST:
            raise ValueError("too deep")
        fields: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            step, kind = head >> 4, head & 15
            number = number + step if step else self._whole()
            fields[number] = kind == _TRUE if kind in {_TRUE, _FALSE} else self._value(kind, depth + 1)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in _WHOLE_NUMBERS:
            return self._whole()
        if kind in {_TRUE, _FALSE, _BYTE}:  # inside lists, truth takes a byte too
            return self._byte()
        if kind == _DOUBLE:
            return struct.unpack("<d", self._bytes(8))[0]
        if kind == _BINARY:
            return self._bytes(self._varint())
        if kind in {_LIST, _SET}:
            return self._list(depth)
        if kind == _STRUCT:
            return self.struct(depth)
        raise ValueError(f"no type {kind}")  # maps, which the format has none of

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        count = self._varint() if head >> 4 == 15 else head >> 4
        if depth > _DEEPEST or count > len(self._content) - self._at:  # each takes a byte at least
            raise ValueError("too many")
        return [self._value(head & 15, depth + 1) for _ in range(count)]

    def _whole(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise ValueError("a number of more than 64 bits")

    def _byte(self) -> int:
        self._at += 1
        return self._content[self._at - 1]

    def _bytes(self, size: int) -> bytes:
        if size > len(self._content) - self._at:
            raise ValueError("too short")
        self._at += size
        return self._content[self._at - size : self._at]

"""The objects of a JSON list, one at a time, so that the file may be larger than memory."""

import io
import json
from collections.abc import Iterator
from typing import Any

from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError, NotFoundError

_CHUNK = 1 << 20  # characters read at a time
_LONGEST = 1 << 26  # characters of one object; past it the text is taken to be broken
_SPACES = " \t\r\n"
_DECODE = json.JSONDecoder().raw_decode


def read_objects(place: Location) -> Iterator[dict[str, Any]]:
    """Yield the objects of the JSON list in a file, also a compressed one (``.json.gz``).

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: it is no JSON list of objects, or ends in the middle.
    """
    if not place.info().is_file:
        raise NotFoundError(f"there is no file {place.shown!r}")
    with io.TextIOWrapper(place.filesystem.open_input_stream(place.path), encoding="utf-8-sig") as reader:
        try:
            yield from _objects(reader, place.shown)
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"{place.shown!r} is no UTF-8 text: {error}") from error


def _objects(stream: io.TextIOWrapper, name: str) -> Iterator[dict[str, Any]]:
    reader = _Reader(stream)
    if reader.next() != "[":
        raise InvalidInputError(f"{name!r} must be a JSON list of objects, it begins with {reader.ahead(20)!r}")
    reader.skip()
    number = 0
    more = reader.next() != "]"
    while more:
        yield _object(reader, name, number)
        number += 1
        more = reader.next() == ","
        if not more and reader.next() != "]":
            what = f"expected , or ], got {reader.ahead(20)!r}"
            raise InvalidInputError(f"{name!r} is broken behind entry {number - 1}: {what}")
        if more:
            reader.skip()
    reader.skip()
    if reader.next():
        raise InvalidInputError(f"{name!r} goes on behind its list, with {reader.ahead(20)!r}")


def _object(reader: "_Reader", name: str, number: int) -> dict[str, Any]:
    while True:
        reader.next()
        try:
            entry, end = _DECODE(reader.text, reader.at)
        except json.JSONDecodeError as error:
            # Broken, or cut by the end of the chunk: more text decides.
            if len(reader.text) - reader.at > _LONGEST or not reader.fill():
                raise InvalidInputError(f"{name!r} is broken at entry {number}: {error.msg}") from error
            continue
        if not isinstance(entry, dict):
            raise InvalidInputError(f"entry {number} of {name!r} must be an object, got {entry!r:.60}")
        reader.at = end
        return entry


class _Reader:
    """A text that is read as far as it is needed.

    Attributes:
        text: what has been read and not dropped.
        at: where in it the next character is.
    """

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream = stream
        self.text, self.at = "", 0

    def fill(self) -> bool:
        """Read on; whether there was more."""
        chunk = self._stream.read(_CHUNK)
        self.text, self.at = self.text[self.at :] + chunk, 0
        return bool(chunk)

    def next(self) -> str:
        """The next character that is no space, "" at the end; it stays where it is."""
        while True:
            while self.at < len(self.text) and self.text[self.at] in _SPACES:
                self.at += 1
            if self.at < len(self.text) or not self.fill():
                return self.ahead(1)

    def skip(self) -> None:
        """Go over the next character."""
        self.at += 1

    def ahead(self, count: int) -> str:
        """As many of the next characters as have been read."""
        return self.text[self.at : self.at + count]

"""The objects of JSON lists, one at a time, so that the file may be larger than memory."""

import io
import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError, NotFoundError

_CHUNK = 1 << 20  # characters read at a time
_LONGEST = 1 << 26  # characters of one object; past it the text is taken to be broken
_LONGEST_WORD = 400  # ... of a number, true, false or null
_SPACES = " \t\r\n"
_DECODE = json.JSONDecoder().raw_decode


def read_objects(place: Location) -> Iterator[dict[str, Any]]:
    """Yield the objects of the JSON list in a file, also a compressed one (``.json.gz``).

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: it is no JSON list of objects, or ends in the middle.
    """
    with _reading(place) as reader:
        if reader.next() != "[":
            raise InvalidInputError(
                f"{place.shown!r} must be a JSON list of objects, it begins with {reader.ahead(20)!r}"
            )
        yield from _objects(reader, place.shown)
        _require_end(reader, place.shown, "list")


def read_lists(place: Location, names: Collection[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects of the lists that are called so in the JSON object of a file; what else is in it is dropped.

    Yields:
        The name of the list, and an object of it; in the order of the file.

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: it is no JSON object, one of these is no list of objects, or it ends in the middle.
    """
    with _reading(place) as reader:
        if reader.next() != "{":
            raise InvalidInputError(f"{place.shown!r} must be a JSON object, it begins with {reader.ahead(20)!r}")
        reader.skip()
        more = reader.next() != "}"
        while more:
            key = _value(reader, place.shown, "a key")
            if not isinstance(key, str) or reader.next() != ":":
                raise InvalidInputError(f"{place.shown!r} is broken at the key {key!r:.60}")
            reader.skip()
            if key in names and reader.next() == "[":
                for entry in _objects(reader, f"{place.shown}: {key}"):
                    yield key, entry
            else:
                _value(reader, place.shown, repr(key))
            more = _more(reader, "}", place.shown, repr(key))
        reader.skip()
        _require_end(reader, place.shown, "object")


@contextmanager
def _reading(place: Location) -> Iterator["_Reader"]:
    if not place.info().is_file:
        raise NotFoundError(f"there is no file {place.shown!r}")
    with io.TextIOWrapper(place.filesystem.open_input_stream(place.path), encoding="utf-8-sig") as text:
        try:
            yield _Reader(text)
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"{place.shown!r} is no UTF-8 text: {error}") from error


def _objects(reader: "_Reader", name: str) -> Iterator[dict[str, Any]]:
    """The objects of a list that begins here."""
    reader.skip()
    number = 0
    more = reader.next() != "]"
    while more:
        entry = _value(reader, name, f"entry {number}")
        if not isinstance(entry, dict):
            raise InvalidInputError(f"entry {number} of {name!r} must be an object, got {entry!r:.60}")
        yield entry
        more = _more(reader, "]", name, f"entry {number}")
        number += 1
    reader.skip()


def _more(reader: "_Reader", end: str, name: str, behind: str) -> bool:
    """Whether a comma follows, which is gone over, or the end."""
    found = reader.next()
    if found not in (",", end) or not found:
        raise InvalidInputError(f"{name!r} is broken behind {behind}: expected , or {end}, got {reader.ahead(20)!r}")
    if found == ",":
        reader.skip()
    return found == ","


def _value(reader: "_Reader", name: str, what: str) -> Any:
    # A number that the end of a chunk cuts would be taken for a shorter one.
    while reader.next() not in ("{", "[", '"') and len(reader.text) - reader.at < _LONGEST_WORD and reader.fill():
        pass
    while True:
        reader.next()
        try:
            value, reader.at = _DECODE(reader.text, reader.at)
        except json.JSONDecodeError as error:
            # Broken, or cut by the end of the chunk: more text decides.
            if len(reader.text) - reader.at > _LONGEST or not reader.fill():
                raise InvalidInputError(f"{name!r} is broken at {what}: {error.msg}") from error
            continue
        except RecursionError as error:
            raise InvalidInputError(f"{name!r} is broken at {what}: too many brackets within each other") from error
        return value


def _require_end(reader: "_Reader", name: str, kind: str) -> None:
    if reader.next():
        raise InvalidInputError(f"{name!r} goes on behind its {kind}, with {reader.ahead(20)!r}")


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

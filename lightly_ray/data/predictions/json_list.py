"""The objects of a JSON list, one at a time, so that the file may be larger than memory."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any

from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError, NotFoundError

_CHUNK = 1 << 20  # characters read at a time
_LONGEST = 1 << 26  # characters of one object; past it the text is taken to be broken
_BETWEEN = re.compile(r"[\s,]*")


def read_objects(place: Location) -> Iterator[dict[str, Any]]:
    """Yield the objects of the JSON list in a file, also a compressed one (``.json.gz``).

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: it is no JSON list of objects, or ends in the middle.
    """
    if not place.info().is_file:
        raise NotFoundError(f"there is no file {place.shown!r}")
    with io.TextIOWrapper(place.filesystem.open_input_stream(place.path), encoding="utf-8") as reader:
        try:
            yield from _objects(reader, place.shown)
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"{place.shown!r} is no UTF-8 text: {error}") from error


def _objects(reader: io.TextIOWrapper, name: str) -> Iterator[dict[str, Any]]:
    decode = json.JSONDecoder().raw_decode
    text = ""
    while not text and (more := reader.read(_CHUNK)):
        text = more.lstrip()
    if text[:1] != "[":
        raise InvalidInputError(f"{name!r} must be a JSON list of objects, it begins with {text[:20]!r}")
    at, number = 1, 0
    while True:
        at = _between(text, at)
        if text[at : at + 1] == "]":
            return
        try:
            entry, at = decode(text, at)
        except json.JSONDecodeError as error:
            # Broken, or cut by the end of the chunk: more text tells.
            more = reader.read(_CHUNK)
            if not more or len(text) - at > _LONGEST:
                raise InvalidInputError(f"{name!r} is broken at entry {number}: {error.msg}") from error
            text, at = text[at:] + more, 0
            continue
        if not isinstance(entry, dict):
            raise InvalidInputError(f"entry {number} of {name!r} must be an object, got {entry!r:.60}")
        yield entry
        number += 1


def _between(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    return found.end() if found else at

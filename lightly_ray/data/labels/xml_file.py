"""XML files from strangers, read a part at a time.

A document type is refused, since entities can be declared in nothing else: neither a billion laughs nor another file
come in that way, and what a file takes is bounded by its size.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.parsers import expat

from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError, UnreadableError

_CHUNK = 1 << 18  # bytes
_LONGEST = 1 << 20  # characters of text within an element
# A file that is no XML, in an encoding that is not known or not read, or whose store does not answer.
_BROKEN = (expat.ExpatError, LookupError, ValueError, OSError)


@dataclass(slots=True)
class Node:
    """An element.

    Attributes:
        tag: its name.
        attributes: by name.
        children: its elements.
        text: all text directly within it.
    """

    tag: str
    attributes: dict[str, str]
    children: list["Node"] = field(default_factory=list)
    text: str = ""

    def all(self, tag: str) -> list["Node"]:
        """Its elements of one name."""
        return [one for one in self.children if one.tag == tag]

    def word(self, tag: str) -> str | None:
        """The text of its first element of a name, without the spaces around; None where there is none."""
        return next((one.text.strip() for one in self.children if one.tag == tag), None)


def read_children(place: Location, root: str) -> Iterator[Node]:
    """Yield the elements within the root of a document, each when it is complete.

    Raises:
        UnreadableError: it is no XML, or ends in the middle.
        InvalidInputError: its root is called otherwise, or it has a document type.
    """
    builder = _Builder(place, root)
    try:
        with place.filesystem.open_input_stream(place.path) as stream:
            yield from builder.run(stream)
    except InvalidInputError:
        raise
    except _BROKEN as error:
        raise place.unreadable(error, " as XML") from error


class _Builder:
    def __init__(self, place: Location, root: str) -> None:
        self._place, self._root = place, root
        self._open: list[Node] = []
        self._done: list[Node] = []
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def run(self, stream: BinaryIO) -> Iterator[Node]:
        while chunk := stream.read(_CHUNK):
            self._parser.Parse(chunk, False)
            yield from self._done
            self._done.clear()
        self._parser.Parse(b"", True)

    def _refuse(self, *_parts: object) -> None:
        raise InvalidInputError(f"{self._place.shown!r} declares a document type (<!DOCTYPE>), which is not read")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._open and tag != self._root:
            raise InvalidInputError(f"{self._place.shown!r} must have the root <{self._root}>, it has <{tag}>")
        self._open.append(Node(tag, attributes))

    def _end(self, _tag: str) -> None:
        node = self._open.pop()
        if len(self._open) == 1:
            self._done.append(node)
        elif self._open:
            self._open[-1].children.append(node)

    def _text(self, text: str) -> None:
        if len(self._open) > 1:  # what stands between the elements of the root says nothing
            node = self._open[-1]
            node.text += text
            if len(node.text) > _LONGEST:
                raise InvalidInputError(f"{self._place.shown!r}: the text of a <{node.tag}> is over {_LONGEST:,} long")


def number(value: str | None, what: str) -> float:
    """A number that an attribute or an element holds.

    Raises:
        InvalidInputError: it is missing, or none.
    """
    try:
        return float(value or "")
    except ValueError as error:
        raise InvalidInputError(f"{what} must be a number, got {value!r:.60}") from error


def root_of(place: Location) -> str:
    """The name of the root of a document.

    Raises:
        UnreadableError: it is no XML.
        InvalidInputError: it has a document type.
    """
    names: list[str] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, _attributes: names.append(tag)
    try:
        with place.filesystem.open_input_stream(place.path) as stream:
            parser.Parse(stream.read(1 << 16), False)
    except _BROKEN as error:
        if not names:
            raise place.unreadable(error, " as XML") from error
    if not names:
        raise UnreadableError(f"cannot read {place.shown!r} as XML: it has no root")
    return names[0]

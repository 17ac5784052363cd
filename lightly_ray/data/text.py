"""Small text files from anywhere: UTF-8 whatever the locale, with or without a byte order mark, any line ends."""

import unicodedata
from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError, NotFoundError


def read_text(place: Location) -> str:
    """The text of a file.

    Raises:
        NotFoundError: there is no such file.
        UnreadableError: it cannot be read.
        InvalidInputError: it is no UTF-8.
    """
    content = place.read()
    if content is None:
        raise NotFoundError(f"there is no file {place.shown!r}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{place.shown!r} is no UTF-8 text: {error}; save it as UTF-8") from error


def read_names(place: Location) -> list[str]:
    """The names in a text file with one a line; empty lines are passed over.

    Raises:
        NotFoundError, UnreadableError, InvalidInputError: as `read_text`; or a name comes twice.
    """
    # Only these end a line: a name may hold what str.splitlines takes for an end.
    lines = read_text(place).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    names = [line.strip() for line in lines if line.strip()]
    require_distinct(names, place.shown)
    return names


def require_distinct(names: list[str], where: str) -> None:
    """Refuse names of which one comes twice."""
    if len(set(names)) < len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise InvalidInputError(f"{where!r} has the name {twice!r} more than once")


def unicode_hint(name: str, known: pa.Array | pa.ChunkedArray) -> str:
    """What to add to a message that a name is unknown, where a known one is the same to the eye; "" where none is.

    A Mac writes letters with accents as two code points (NFD), other systems as one (NFC).
    """
    if name.isascii():
        return ""
    same = pc.equal(pc.utf8_normalize(known, form="NFC"), unicodedata.normalize("NFC", name))
    twins = known.filter(pc.and_(same, pc.not_equal(known, name)))
    if not len(twins):
        return ""
    return f" (there is {twins[0].as_py()!a}, which differs from {name!a} in its Unicode form alone)"

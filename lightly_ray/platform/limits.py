"""How much of anything the platform takes. Beyond each, the answer says the limit."""

import json
import re
from typing import Any

from lightly_ray.api import protocol
from lightly_ray.errors import InvalidInputError, TooLargeError

FILE_NAME = 255  # characters; what clients check too
NAME = 255
METADATA_BYTES = 256 * 2**10  # of one sample, each kind, as JSON
METADATA_DEPTH = 64  # lists and objects inside each other: what is deeper can be parsed, and not written again
BATCH_SAMPLES, BATCH_BYTES = protocol.MOST_SAMPLES, protocol.MOST_BYTES
BATCH_JSON_BYTES = 16 * 2**20
IMAGE_BYTES = 256 * 2**20
IMAGE_PIXELS = 100_000_000  # of a picture that is decoded here, and of all that are at the same time
EMBEDDING_BYTES = 64 * 2**30
EMBEDDING_WIDTH = 2**16  # coordinates
DESCRIPTOR_BYTES = 256 * 2**20
PREDICTIONS_BYTES = 2**30  # 25 million samples of 10 classes
PREDICTIONS_VALUES = 2**29  # that they may unpack to
LABELS_BYTES = 2**30  # packed, or as a tool has written them
LABEL_VALUES = 500_000_000  # unpacked, parts of annotations counted one by one: about 38 million boxes
SCORES_BYTES = 2**30  # about 50 million scores as JSON
JSON_BYTES = 64 * 2**20  # any other body: a mask of 200 million samples fits
TOKEN_DAYS = 3650  # until a token expires that does
REQUESTS = 1_000  # at the same time, to one server: beyond them all would only wait for each other
PAGE = 100_000
OFFSET = 2**53  # more than any dataset has, and what JSON, browsers and databases can count to

_TAG_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9 .:;=@_-]{2,}\Z")
_PREDICTIONS_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9 .:;=@_-]*\Z")
_SCORE_TYPE = re.compile(r"[a-zA-Z0-9_+=,.@:/-]+\Z")


def dataset_name(name: str) -> str:
    """Refuse a name that the protocol does not allow for datasets."""
    return _checked("dataset", name, protocol.DATASET_NAME, "letters, digits, space, _ and -")


def tag_name(name: str) -> str:
    """Refuse a name that the protocol does not allow for tags."""
    return _checked("tag", name, _TAG_NAME, "letters, digits, space and .:;=@_-")


def embedding_name(name: str) -> str:
    """Refuse an empty or over-long name, and control characters."""
    return _printable("an embedding name", name)


def label_source(name: str) -> str:
    """Refuse an empty or over-long name of a source of labels, and control characters."""
    return _printable("the source of labels", name)


def user_name(name: str) -> str:
    """Refuse an empty or over-long name of a user, and control characters."""
    return _printable("the name of a user", name)


def token_name(name: str) -> str:
    """Refuse an empty or over-long name of a token, and control characters."""
    return _printable("the name of a token", name)


def predictions_name(name: str) -> str:
    """Refuse a name that is not one for predictions."""
    if not _PREDICTIONS_NAME.match(name) or len(name) > NAME:
        rule = f"1 to {NAME} letters, digits, space and .:;=@_-, the first a letter or digit"
        raise InvalidInputError(f"a name of predictions has {rule}; got {name[:60]!r}")
    return name


def score_type(name: str) -> str:
    """Refuse a name that the protocol does not allow for scores."""
    if not _SCORE_TYPE.match(name) or len(name) > NAME:
        raise InvalidInputError(f"a score type has 1 to {NAME} letters, digits or _+=,.@:/-, got {name[:60]!r}")
    return name


def file_name(name: str) -> str:
    """Refuse a file name that is empty, too long or has control characters."""
    if not name or len(name) > FILE_NAME:
        raise InvalidInputError(f"a file name has 1 to {FILE_NAME} characters, got {len(name)}: {name[:60]!r}")
    if not _is_text(name):
        raise InvalidInputError(f"a file name must be text without control characters, got {name[:60]!r}")
    return name


def metadata(value: dict[str, Any] | None, what: str) -> dict[str, Any] | None:
    """Metadata as it can be kept: figures that are not finite (the signal-to-noise ratio of a black image) become null.

    Raises:
        TooLargeError: it is too large to be metadata, or too deep.
    """
    if value is None:
        return None
    _require_depth(value, what)
    text = json.dumps(value)
    if len(text) > METADATA_BYTES:
        raise TooLargeError(f"{what} may have {METADATA_BYTES} bytes as JSON, got {len(text)}")
    kept: dict[str, Any] = json.loads(text, parse_constant=lambda _: None)
    try:
        json.dumps(kept, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise InvalidInputError(f"{what} holds half a character: text must be valid Unicode") from error
    return kept


def _printable(what: str, name: str) -> str:
    if not 0 < len(name) <= NAME or not _is_text(name):
        raise InvalidInputError(f"{what} has 1 to {NAME} printable characters, got {name[:60]!r}")
    return name


def _require_depth(value: dict[str, Any], what: str) -> None:
    level: list[Any] = [value]
    for _ in range(METADATA_DEPTH):
        inner = (one.values() if isinstance(one, dict) else one for one in level)
        level = [one for some in inner for one in some if isinstance(one, dict | list)]
        if not level:
            return
    raise TooLargeError(f"{what} may have {METADATA_DEPTH} lists and objects inside each other, it has more")


def _is_text(name: str) -> bool:
    """Whether it is printable, and can be written as UTF-8."""
    return not any(letter < " " or letter == "\x7f" or "\ud800" <= letter <= "\udfff" for letter in name)


def _checked(kind: str, name: str, pattern: re.Pattern[str], allowed: str) -> str:
    if not pattern.match(name) or len(name) > NAME:
        rule = f"has 3 to {NAME} characters, begins with a letter or digit, and holds {allowed}"
        raise InvalidInputError(f"a {kind} name {rule}; got {name[:60]!r}")
    return name

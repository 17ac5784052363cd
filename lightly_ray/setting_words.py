"""Words and files of settings -> strings by key; nothing is known here of what the keys mean.

pairs        `key=value` words of a command line
read_lines   a file of `key=value` lines
read_yaml    a YAML file; inner mappings become keys with dots
"""

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

import yaml

from lightly_ray.errors import InvalidInputError

CONFIG = "config"  # the key of a YAML file, at every door


def pairs(words: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """Value by key; the value is all that follows the first ``=``.

    Raises:
        InvalidInputError: a word without ``=``, an unknown key, or one that is given twice.
    """
    values: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise InvalidInputError(f"expected key=value, got {word!r}")
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            raise InvalidInputError(f"unknown setting {key!r}" + (f", did you mean {near[0]!r}?" if near else ""))
        if key in values:
            raise InvalidInputError(f"setting {key!r} is given twice")
        values[key] = value
    return values


def read_lines(path: str, known: Collection[str]) -> dict[str, str]:
    """Value by key of a file of ``key=value`` lines; empty lines and those that begin with # are passed over.

    Raises:
        InvalidInputError: the file cannot be read, or as `pairs`; what a line holds is not repeated.
    """
    try:
        lines = [line.strip() for line in Path(path).read_text("utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"settings_file {path!r} cannot be read: {error}") from error
    return _from_file(f"settings_file {path!r}", [line for line in lines if line and not line.startswith("#")], known)


def read_yaml(path: str, known: Collection[str]) -> dict[str, str]:
    """Value by key of a YAML file, as it would be written on a command line; what is null is not given.

    Raises:
        InvalidInputError: the file cannot be read, or as `pairs`; what a line holds is not repeated.
    """
    try:
        content = yaml.safe_load(Path(path).read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        reason = f"line {mark.line + 1} is no YAML" if mark else getattr(error, "strerror", None) or "it is no text"
        raise InvalidInputError(f"{CONFIG} {path!r} cannot be read: {reason}") from None
    if content is not None and not isinstance(content, dict):
        raise InvalidInputError(f"{CONFIG} {path!r} must hold `key: value` lines")
    return _from_file(f"{CONFIG} {path!r}", [f"{key}={value}" for key, value in _flat(content or {})], known)


def _from_file(what: str, words: Iterable[str], known: Collection[str]) -> dict[str, str]:
    try:
        return pairs(words, known)
    except InvalidInputError as error:
        # What a line holds may be a password: it is not repeated.
        raise InvalidInputError(f"{what}: {str(error).partition(', got ')[0]}") from None


def _flat(content: Mapping[object, object], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        elif isinstance(value, list):
            yield f"{before}{key}", ",".join(map(str, value))
        elif value is not None:
            yield f"{before}{key}", str(value).lower() if isinstance(value, bool) else str(value)

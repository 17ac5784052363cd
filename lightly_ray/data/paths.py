"""Paths on any file system that Arrow knows: local, or a URI such as `s3://bucket/key`.

A name becomes a file system and the files it stands for (a file, a folder, or a pattern with `*`), in
sorted order; and small outputs appear whole or not at all.
"""

import fnmatch
import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
from pyarrow import fs

from lightly_ray.errors import InvalidInputError, NotFoundError, UnreadableError

AnyPath = str | os.PathLike[str]

_WILD = frozenset("*?[")


def locate(path: AnyPath) -> tuple[Any, str]:
    """The Arrow file system of a path, and the path on it.

    Raises:
        InvalidInputError: the URI has an unknown scheme or cannot be understood.
    """
    text = os.fspath(path)
    if "://" not in text:
        return fs.LocalFileSystem(), str(Path(text).expanduser().absolute())
    try:
        system, inside = fs.FileSystem.from_uri(_quoted(text))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InvalidInputError(f"cannot use the path {shown(text)!r}: {shown(str(error))}") from None
    return system, inside


def _quoted(uri: str) -> str:
    """Keep the characters of a path or pattern from being read as syntax of a URI; `?name=value` stays one."""
    head, mark, query = uri.rpartition("?")
    if not mark or "=" not in query:
        head, mark, query = uri, "", ""
    scheme, _, rest = head.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}://{place}{slash}{quote(path)}{mark}{query}"


def files_of(paths: AnyPath | Sequence[AnyPath], suffix: str) -> tuple[Any, list[str]]:
    """The files that paths, folders and patterns stand for.

    Args:
        paths: one or several, all on one file system. A folder stands for the files with ``suffix`` at any
            depth; names that begin with a dot or an underscore are left out, as everywhere.
        suffix: `.parquet`.

    Returns:
        The file system, and the distinct files sorted by path.

    Raises:
        NotFoundError: a path, folder or pattern stands for no file.
        UnreadableError: one cannot be listed.
        InvalidInputError: the paths lie on different file systems.
    """
    several = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if not several:
        raise InvalidInputError("got an empty list of paths")
    system: Any = None
    found: set[str] = set()
    for path in several:
        here, inside = locate(path)
        if system is not None and not here.equals(system):
            raise InvalidInputError(f"all paths must lie on one file system, {shown(path)!r} does not")
        system = here
        found.update(_expand(here, inside, suffix))
    return system, sorted(found)


def beside(path: AnyPath, suffix: str) -> str:
    """The path with more at its end; the options behind the ? of a URI stay behind it."""
    text = os.fspath(path)
    place, mark, options = text.rpartition("?")
    if "://" not in text or not mark or "=" not in options:
        place, mark, options = text, "", ""
    return place + suffix + mark + options


def shown(path: AnyPath) -> str:
    """The path as messages and stored settings may show it: the keys of an object store are left out of a URI."""
    return re.sub(r"(?<=://)[^/@?]*@", "", os.fspath(path))


def write_whole(path: AnyPath, content: bytes) -> None:
    """Write a small file so that readers see all of it or none, also after a crash.

    Raises:
        InvalidInputError: it cannot be written there.
    """
    system, inside = locate(path)
    try:
        if not isinstance(system, fs.LocalFileSystem):
            with system.open_output_stream(inside) as stream:  # An object appears when its upload is complete.
                stream.write(content)
            return
        _replace(Path(inside), content)
    except OSError as error:
        raise InvalidInputError(f"cannot write {shown(path)!r}: {error}") from error


def read_whole(path: AnyPath) -> bytes | None:
    """The content of a small file, None where there is none.

    Raises:
        UnreadableError: it is there and cannot be read.
    """
    system, inside = locate(path)
    if system.get_file_info(inside).type == fs.FileType.NotFound:
        return None
    try:
        with system.open_input_stream(inside) as stream:
            content: bytes = stream.read()
    except OSError as error:
        raise UnreadableError(f"cannot read {shown(path)!r}: {error}") from error
    return content


def remove(path: AnyPath) -> None:
    """Delete a file; one that is not there is fine."""
    system, inside = locate(path)
    if system.get_file_info(inside).type == fs.FileType.File:
        system.delete_file(inside)


def _replace(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())  # Before the rename, or a power cut leaves an empty file under the name.
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _expand(system: Any, inside: str, suffix: str) -> list[str]:
    try:
        info = system.get_file_info(inside)
        if info.type == fs.FileType.File:
            return [inside]
        if info.type == fs.FileType.Directory:
            found = [path for path in _below(system, inside) if path.endswith(suffix)]
        else:
            found = _matches(system, inside)
    except OSError as error:
        raise UnreadableError(f"cannot read {inside!r}: {error}") from error
    if not found:
        raise NotFoundError(f"no {suffix or 'such'} file at {inside!r}")
    return found


def _matches(system: Any, pattern: str) -> list[str]:
    wild = next((place for place, character in enumerate(pattern) if character in _WILD), -1)
    if wild < 0:
        return []
    folder = pattern[:wild].rpartition("/")[0] or "/"
    if system.get_file_info(folder).type != fs.FileType.Directory:
        return []
    depth = pattern.count("/")
    # fnmatch lets * match a slash; equal depth restores what a shell does, and ** takes any depth.
    return [
        path
        for path in _below(system, folder)
        if fnmatch.fnmatchcase(path, pattern) and ("**" in pattern or path.count("/") == depth)
    ]


def _below(system: Any, folder: str) -> list[str]:
    infos = system.get_file_info(fs.FileSelector(folder, recursive=True))
    start = len(folder.rstrip("/")) + 1
    return [
        info.path
        for info in infos
        if info.type == fs.FileType.File and not any(part[:1] in "._" for part in info.path[start:].split("/"))
    ]

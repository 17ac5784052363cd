"""Where a file or a folder lies: on this machine, or on any file system that Arrow knows (`s3://bucket/key`).

A location is parsed where it enters and carried from there: what lies below or beside it follows without a string
being read again, and all locations of one store share one client. What it shows of itself holds no credentials.
"""

import os
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Self

import pyarrow as pa
from pyarrow import fs

from lightly_ray._types import PathLike
from lightly_ray.data.atomic import atomic_write, write_object
from lightly_ray.errors import InvalidInputError, UnreadableError

_IN_MEMORY = 16 * 2**20  # bytes of an object that is put together, before a file on disk takes them


@dataclass(frozen=True, slots=True, repr=False)
class Location:
    """A place on a file system; small, comparable, and sent to workers as it is.

    Attributes:
        store: scheme and authority of a URI, credentials included; "" on this machine.
        options: what follows the path of a URI, with its question mark; often "".
        path: the path as the file system takes it; may be a pattern.
        name: the path as it was given, for messages: a relative one stays relative there.
    """

    store: str
    options: str
    path: str
    name: str = field(compare=False)

    @classmethod
    def parse(cls, place: PathLike) -> "Location":
        """The location that a path or URI names; a location stays as it is.

        Raises:
            InvalidInputError: it is empty, its scheme is unknown, or it cannot be understood.
        """
        if isinstance(place, Location):
            return place
        text = os.fspath(place)
        if not text:
            raise InvalidInputError("a path must not be empty")
        scheme, mark, rest = text.partition("://")
        if not mark:
            return cls("", "", str(Path(text).expanduser().absolute()), text.rstrip("/") or text)
        rest, options = _split_options(rest)
        authority, _, path = rest.partition("/")
        if scheme == "file" and not authority:
            return cls("", "", str(Path(f"/{path}")), text)
        place = cls(f"{scheme}://{authority}", options, "", "")
        return place.at(f"{place._base}/{path}".rstrip("/"))

    @property
    def filesystem(self) -> fs.FileSystem:
        """The Arrow file system; one client for all locations of a store."""
        return _open_store(self.store, self.options)[0]

    @property
    def is_local(self) -> bool:
        """Whether it lies on this machine, or on a disk mounted there."""
        return not self.store

    @property
    def uri(self) -> str:
        """The path or URI that `parse` takes, with credentials where there are some: never to be shown."""
        if self.is_local:
            return self.path
        return f"{self.store}{self.path.removeprefix(self._base)}{self.options}"

    @property
    def shown(self) -> str:
        """The path or URI as messages and stored settings show it: without credentials."""
        return self.name if self.is_local else hide_credentials(self.uri)

    @property
    def _base(self) -> str:
        """The path of the store's root, without a slash at the end."""
        if self.store.startswith(("s3://", "gs://")):  # the bucket; the store itself need not be asked
            return self.store.partition("://")[2].rpartition("@")[2]
        return _open_store(self.store, self.options)[1]

    def __fspath__(self) -> str:
        return self.uri

    def __str__(self) -> str:
        return self.shown

    def __repr__(self) -> str:
        return f"Location({self.shown!r})"

    def at(self, path: str) -> Self:
        """Another path on the same file system."""
        below = bool(self.path) and path.startswith(self.path)
        return replace(self, path=path, name=self.name + path[len(self.path) :] if below else path)

    def child(self, name: str) -> Self:
        """What lies below this folder."""
        return self.at(f"{self.path.rstrip('/')}/{name}")

    def beside(self, suffix: str) -> Self:
        """The path with more at its end."""
        return self.at(self.path + suffix)

    def info(self) -> fs.FileInfo:
        """What is there; its type is `NotFound` where nothing is.

        Raises:
            UnreadableError: the store does not answer.
        """
        try:
            return self.filesystem.get_file_info(self.path)
        except OSError as error:
            raise self.unreadable(error) from error

    def read(self) -> bytes | None:
        """The content of a small file, None where there is none.

        Raises:
            UnreadableError: it is there and cannot be read.
        """
        try:
            with self.filesystem.open_input_stream(self.path) as stream:
                content: bytes = stream.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self.unreadable(error) from error
        return content

    def read_existing(self) -> bytes:
        """The content of a file that has to be there.

        Raises:
            UnreadableError: it is not, or cannot be read.
        """
        content = self.read()
        if content is None:
            raise UnreadableError(f"cannot read {self.shown!r}: there is no such file")
        return content

    def write(self, content: bytes) -> None:
        """Write a small file, see `write_pieces`."""
        self.write_pieces([content])

    def write_pieces(self, pieces: Iterable[bytes]) -> None:
        """Write a file so that readers see all of it or none, also after a crash.

        Raises:
            InvalidInputError: it cannot be written there.
        """
        try:
            if self.is_local:
                with atomic_write(Path(self.path)) as stream:
                    stream.writelines(pieces)
            else:
                with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:  # where a piece fails, nothing has been sent
                    file.writelines(pieces)
                    file.seek(0)
                    write_object(self.filesystem, self.path, file)
        except OSError as error:
            raise InvalidInputError(f"cannot write {self.shown!r}: {hide_credentials(str(error))}") from error

    def remove(self) -> None:
        """Delete the file; none there is fine."""
        if self.info().type == fs.FileType.File:
            self.filesystem.delete_file(self.path)

    def remove_folder(self) -> None:
        """Delete a folder and all in it; none there is fine."""
        if self.info().type == fs.FileType.Directory:
            self.filesystem.delete_dir(self.path)

    def unreadable(self, error: Exception, kind: str = "") -> UnreadableError:
        """The error that says that this file cannot be read, and why.

        Args:
            error: the reason.
            kind: what it was read as: " as Parquet".
        """
        return UnreadableError(f"cannot read {self.shown!r}{kind}: {hide_credentials(str(error))}")


def hide_credentials(text: str) -> str:
    """A text without the credentials of the URIs in it."""
    return re.sub(r"(?<=://)[^/@?\s]*@", "", text)


@lru_cache(maxsize=64)
def _open_store(store: str, options: str) -> tuple[fs.FileSystem, str]:
    """The file system of a store, and the path of its root without a slash at the end."""
    if not store:
        return fs.LocalFileSystem(), ""
    uri = f"{store}/{options}"
    # One request for a small object, where Arrow otherwise takes three.
    small = "" if not store.startswith("s3://") else ("&" if options else "?") + "allow_delayed_open=true"
    try:
        system, base = fs.FileSystem.from_uri(uri + small)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InvalidInputError(
            f"cannot use the path {hide_credentials(uri)!r}: {hide_credentials(str(error))}"
        ) from None  # whose text has the credentials
    return system, base.rstrip("/")


def _split_options(rest: str) -> tuple[str, str]:
    """Options are what follows the last question mark, if it looks like one: a pattern has question marks too."""
    path, mark, query = rest.rpartition("?")
    return (path, mark + query) if mark and "=" in query else (rest, "")

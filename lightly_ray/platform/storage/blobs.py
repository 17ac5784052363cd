"""Files of the platform on a pyarrow filesystem: a local folder, or a bucket of an S3-compatible store.

A key is a path such as `datasets/<id>/samples/<id>/full-<id>` made of our own ids, never of names that
users chose; `_inside` is the one place that turns keys into paths, and it refuses every other shape. A
blob is written whole or not at all, and a key is never written twice.
"""

import errno
import io
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO
from urllib.parse import urlsplit

import numpy as np
import pyarrow.fs as pafs
from numpy.typing import NDArray

from lightly_ray.data.atomic import atomic_write, write_object
from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError, NotFoundError, StorageFullError, UnavailableError

_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
_CHUNK = 2**20
_TRIES, _PAUSE = 20, 0.1  # to delete a folder, and seconds between them


@dataclass(frozen=True, slots=True)
class Found:
    """A blob in a listing.

    Attributes:
        key: of it.
        size: bytes.
        written_at: unix milliseconds.
    """

    key: str
    size: int
    written_at: int


class Blobs:
    """Store and fetch files by key.

    Args:
        root: a local folder, or ``s3://bucket/prefix``.
        endpoint: URL of an S3-compatible server that is not Amazon's.
    """

    def __init__(self, root: str, endpoint: str | None = None) -> None:
        self.root, self.endpoint = root, endpoint
        self.is_local = not root.startswith("s3://")
        if self.is_local:
            self._fs, self._base = pafs.LocalFileSystem(), str(Path(root).absolute())
            Path(self._base).mkdir(parents=True, exist_ok=True)
        else:
            self._fs, self._base = _s3(endpoint), root.removeprefix("s3://")

    def put(self, key: str, source: IO[bytes]) -> None:
        """Write a blob. It appears under its key when it is complete, and outlives a power cut from then on.

        Raises:
            UnavailableError: the storage cannot be used, or all of the dataset is deleted at this moment.
            StorageFullError: it is full; nothing of the blob stays.
        """
        path = self._inside(key)
        try:
            with _reached():
                if self.is_local:
                    with atomic_write(Path(path)) as out:
                        shutil.copyfileobj(source, out, _CHUNK)
                else:
                    write_object(self._fs, path, source)
        except FileNotFoundError as error:
            raise UnavailableError("the storage cannot be used: the folder was deleted while it was written") from error

    def has(self, key: str) -> bool:
        """Whether there is such a blob.

        Raises:
            UnavailableError: the storage cannot be used.
        """
        path = self._inside(key)
        with _reached():
            found: bool = self._fs.get_file_info(path).type == pafs.FileType.File
        return found

    def open(self, key: str) -> BinaryIO:
        """A blob for reading, with seek.

        Raises:
            NotFoundError: there is no such blob.
            UnavailableError: the storage cannot be used.
        """
        try:
            with _reached():
                opened: BinaryIO = self._fs.open_input_file(self._inside(key))
        except FileNotFoundError as error:
            raise NotFoundError(f"the file {key} is gone from the storage") from error
        return opened

    def chunks(self, key: str) -> Iterator[bytes]:
        """The bytes of a blob, about a MiB at a time. A blob that is missing raises at once."""
        return chunks(self.open(key))

    def read(self, key: str) -> bytes:
        """The bytes of a small blob."""
        with self.open(key) as file:
            return file.read()

    def put_array(self, key: str, values: NDArray[Any]) -> None:
        """Write an array as a .npy file; raises as `put`."""
        buffer = io.BytesIO()
        np.save(buffer, values, allow_pickle=False)
        buffer.seek(0)
        self.put(key, buffer)

    def read_array(self, key: str) -> NDArray[Any]:
        """An array that `put_array` has written; raises as `open`."""
        values: NDArray[Any] = np.load(io.BytesIO(self.read(key)), allow_pickle=False)
        return values

    def location(self, key: str) -> Location:
        """Where other processes, on other machines, find the blob."""
        path = self._inside(key)
        if self.is_local:
            return Location.parse(path)
        if self.endpoint is None:
            return Location.parse(f"s3://{path}")
        parts = urlsplit(self.endpoint)
        return Location.parse(f"s3://{path}?scheme={parts.scheme}&endpoint_override={parts.netloc}")

    def listing(self, key: str = "datasets") -> Iterator[Found]:
        """Every blob under a key.

        Raises:
            UnavailableError: the storage cannot be used.
        """
        base = self._inside(key)
        with _reached():
            found = self._fs.get_file_info(pafs.FileSelector(base, allow_not_found=True, recursive=True))
        for info in found:
            if info.type == pafs.FileType.File:
                yield Found(f"{key}{info.path[len(base) :]}", info.size, info.mtime_ns // 1_000_000)

    def delete(self, key: str) -> None:
        """Delete one blob, or what a killed writer has left of one; what is not there is fine."""
        folder, _, name = key.rpartition("/")
        with _reached(), suppress(FileNotFoundError):
            self._fs.delete_file(f"{self._inside(folder)}/{name}")

    def delete_folder(self, key: str) -> None:
        """Delete everything under a key; what is not there is fine."""
        path = self._inside(key)
        for left in reversed(range(_TRIES)):
            if self._fs.get_file_info(path).type != pafs.FileType.Directory:
                return
            try:
                self._fs.delete_dir(path)
            except OSError:
                # What is made on demand may still be written into the folder, as long as a request goes on.
                if not left:
                    raise
                time.sleep(_PAUSE)

    def check(self) -> None:
        """Raise OSError where the storage cannot be reached."""
        self._fs.get_file_info(self._base)

    def _inside(self, key: str) -> str:
        parts = key.split("/")
        if not all(_PART.match(part) for part in parts):
            raise InvalidInputError(f"not a key of the storage: {key[:200]!r}")
        return "/".join((self._base, *parts))


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, ConnectionError):  # of what was read, not of the storage
        raise
    except OSError as error:
        if is_full(error):
            raise StorageFullError("the storage is full: nothing of this request was kept, make room first") from error
        raise UnavailableError(f"the storage cannot be used: {error.strerror or str(error)[:300]}") from error


def is_full(error: OSError) -> bool:
    """Whether a disk, or what a user may have of it, is full."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT}


def _s3(endpoint: str | None) -> pafs.FileSystem:
    # One request for a small object, where Arrow otherwise takes three.
    if endpoint is None:
        return pafs.S3FileSystem(allow_delayed_open=True)
    parts = urlsplit(endpoint)
    return pafs.S3FileSystem(scheme=parts.scheme, endpoint_override=parts.netloc, allow_delayed_open=True)


def chunks(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of a file, about a MiB at a time; it is closed at the end."""
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk

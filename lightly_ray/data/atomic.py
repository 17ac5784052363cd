"""Files that appear whole under their name or not at all, also after a crash or a power cut."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO

from pyarrow import fs

from lightly_ray.errors import ConflictError

_CHUNK = 2**20


@contextmanager
def atomic_write(path: Path, *, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Write a local file; readers see the old content or all of the new.

    Args:
        path: the file; its folder is made where it is missing.
        mode: permissions of the file, lessened by the umask.

    Yields:
        A binary file that can seek; what it holds when the block ends appears under ``path``. An error in the block
        leaves ``path`` as it was.
    """
    make_folder(path.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode), "w+b") as file:
            yield file
        replace_durably(draft, path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Fill a new folder; it appears under its name when the block ends well, and not at all otherwise.

    Args:
        path: where nothing is yet.

    Yields:
        A folder beside it, whose files are to be written by `atomic_write`.

    Raises:
        ConflictError: there is something under that name.
    """
    _require_free(path)
    make_folder(path.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.mkdir()
    try:
        yield draft
        _require_free(path)
        replace_durably(draft, path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def write_object(store: fs.FileSystem, path: str, source: IO[bytes]) -> None:
    """Write an object of a store, where one appears when its upload is completed.

    Args:
        store: not a local file system.
        path: of the object.
        source: what it is to hold, on this machine.

    Raises:
        OSError: the store does not take it; nothing of it is there.
    """
    try:
        with store.open_output_stream(path) as stream:
            shutil.copyfileobj(source, stream, _CHUNK)
    except OSError:
        raise
    except BaseException:
        # Arrow has no way to give an upload up, and completes what it closes.
        with suppress(OSError):
            store.delete_file(path)
        raise


def _require_free(path: Path) -> None:
    if path.exists():
        raise ConflictError(f"there is something under {str(path)!r} already: give another name")


def replace_durably(draft: Path, target: Path) -> None:
    """Move a complete file to its final name, both in one file system."""
    _sync(draft)  # before the rename, or a power cut leaves an empty file under the name
    draft.replace(target)
    _sync(target.parent)  # or the name itself may be lost


def make_folder(folder: Path) -> None:
    """Make a folder and its parents; those that are there are fine."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in missing:
        _sync(one.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

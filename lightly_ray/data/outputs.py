"""Parquet outputs of jobs: whole or not at all, on any pyarrow filesystem, and recognised when the job runs again.

    ParquetOutput      writes a Parquet file beside its final name, and moves it there when it is complete
    fingerprint_files  a digest of the files that a path stands for, part of what an output was made from
    require_writable   whether an output can be written, before the work
    about_output       what is said in an output that is there
    finished           what an earlier run of the same job with the same settings left, if it is complete

A Parquet output carries in its metadata what it was made from and the job's result, so a finished job that is run
again returns its result instead of doing the work again. A store without rename copies on the move; S3 copies at
most 5 GB in one request, which bounds a single output there.
"""

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq

from lightly_ray.data.atomic import make_folder, replace_durably
from lightly_ray.data.listing import list_files
from lightly_ray.data.location import Location, hide_credentials
from lightly_ray.errors import ConflictError, InvalidInputError

_KEY = b"lightly_ray"


class ParquetOutput:
    """A Parquet file that appears whole or not at all. Use as a context manager.

    Args:
        place: of the file.
        schema: of the tables that will be written.
        draft: on the same file system, what the name of the unfinished file begins with; default: ``place``.
    """

    def __init__(self, place: Location, schema: pa.Schema, draft: Location | None = None) -> None:
        self._place = place
        # Unique, since two runs of one job must not write into each other's file.
        self._draft = (draft or place).beside(f".unfinished-{uuid.uuid4().hex[:12]}")
        self._schema = schema

    def __enter__(self) -> Self:
        with self._writing():
            if self._place.is_local:  # object stores have no folders
                for place in (self._place, self._draft):
                    make_folder(Path(place.path).parent)
            self._stream = self._place.filesystem.open_output_stream(self._draft.path)
            self._writer = pq.ParquetWriter(self._stream, self._schema, compression="zstd")
        return self

    def write(self, table: pa.Table) -> None:
        """Append rows.

        Raises:
            InvalidInputError: it cannot be written there.
        """
        with self._writing():
            self._writer.write_table(table)

    def describe(self, made_from: Mapping[str, object], result: Mapping[str, object]) -> None:
        """Say what the file was made from, and the result to return when the job runs again; both JSON values."""
        about = json.dumps({"made_from": made_from, "result": result}, sort_keys=True)
        self._writer.add_key_value_metadata({_KEY: about.encode()})

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with self._writing():
                self._close()
                if kind is None and self._place.is_local:
                    replace_durably(Path(self._draft.path), Path(self._place.path))
                elif kind is None:
                    self._place.filesystem.move(self._draft.path, self._place.path)
        except InvalidInputError:
            if kind is None:  # else the error that is on its way says more
                raise
        finally:
            self._draft.remove()

    def _close(self) -> None:
        try:
            self._writer.close()
        finally:
            self._stream.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise unwritable(self._place, error) from error


def unwritable(place: Location, error: OSError) -> InvalidInputError:
    """The error that says that an output cannot be written, and why."""
    reason = error.strerror or hide_credentials(str(error)).splitlines()[0]
    if isinstance(error, FileExistsError | NotADirectoryError):
        reason = "what should be its folder is a file"
    return InvalidInputError(f"output {place.shown!r} cannot be written: {reason}")


def require_writable(place: Location) -> None:
    """Find out before the work whether a local output can be written; on a store only the writing shows it.

    Raises:
        InvalidInputError: its folder cannot be made or written to.
    """
    if not place.is_local:
        return
    draft = Path(f"{place.path}.unfinished-{uuid.uuid4().hex[:12]}")
    made = [one for one in draft.parents if not one.exists()]
    try:
        make_folder(draft.parent)
        draft.touch(exist_ok=False)
        draft.unlink()
        for folder in made:
            folder.rmdir()
    except OSError as error:
        raise unwritable(place, error) from error


def finished(
    place: Location,
    made_from: Mapping[str, object],
    remedy: str = "give another output, or delete it first",
    about_it: Callable[[Location], dict[str, Any] | None] | None = None,
) -> dict[str, Any] | None:
    """The result of the earlier run that wrote ``place``, None where nothing is there.

    Args:
        place: of the output.
        made_from: what it would be made from now.
        remedy: what the message advises where something else is there.
        about_it: reads what a job wrote into such an output; default: `about_output`.

    Raises:
        ConflictError: something else is there, or it was made from other inputs or settings; the message names them.
        InvalidInputError: nothing is there, and nothing can be written there.
    """
    if place.info().type == pyarrow.fs.FileType.NotFound:
        require_writable(place)
        return None
    about = (about_it or about_output)(place)
    if about is None:
        raise ConflictError(f"output {place.shown!r} exists and was not made by this job; {remedy}")
    now, then = json.loads(json.dumps(made_from)), about["made_from"]
    differing = sorted(key for key in {*now, *then} if now.get(key) != then.get(key))
    if differing:
        changes = ", ".join(f"{key}={then.get(key)!r} then, {now.get(key)!r} now" for key in differing)
        raise ConflictError(f"output {place.shown!r} exists and was made from something else ({changes}); {remedy}")
    result: dict[str, Any] = about["result"]
    return result


def about_output(place: Location) -> dict[str, Any] | None:
    """What a job wrote into its output, ``made_from`` and ``result``; None where there is no output of a job."""
    try:
        metadata = pq.read_metadata(place.path, filesystem=place.filesystem).metadata or {}
        about: dict[str, Any] = json.loads(metadata[_KEY])
    except (pa.ArrowException, OSError, KeyError, ValueError):
        return None
    return about


def fingerprint_files(place: Location) -> str:
    """A digest of the names, sizes and times of a file, or of all files below a folder or of a pattern."""
    info = place.info()
    if info.type == pyarrow.fs.FileType.File:
        infos = [info]
    elif info.type == pyarrow.fs.FileType.Directory:
        infos = place.filesystem.get_file_info(pyarrow.fs.FileSelector(place.path, recursive=True))
    else:
        infos = place.filesystem.get_file_info(list_files(place, ""))
    return digest_of(infos)


def digest_of(infos: Iterable[pyarrow.fs.FileInfo]) -> str:
    """A digest of the names, sizes and times of the files among these, in whatever order they come."""
    lines = sorted(f"{one.path} {one.size} {one.mtime_ns}" for one in infos if one.type == pyarrow.fs.FileType.File)
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()

"""Parquet outputs of jobs: whole or not at all, on any pyarrow filesystem, and recognised when the job runs again.

    ParquetOutput      writes a Parquet file beside its final name, and moves it there when it is complete
    fingerprint_files  a digest of the files that a path stands for, part of what an output was made from
    finished           what an earlier run of the same job with the same settings left, if it is complete

A Parquet output carries in its metadata what it was made from and the job's result, so a finished job that is run
again returns its result instead of doing the work again. A store without rename copies on the move; S3 copies at
most 5 GB in one request, which bounds a single output there.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq

from lightly_ray.data.atomic import make_folder, replace_durably
from lightly_ray.data.listing import list_files
from lightly_ray.data.location import Location
from lightly_ray.errors import ConflictError

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
        if self._place.is_local:  # object stores have no folders
            for place in (self._place, self._draft):
                make_folder(Path(place.path).parent)
        self._stream = self._place.filesystem.open_output_stream(self._draft.path)
        self._writer = pq.ParquetWriter(self._stream, self._schema, compression="zstd")
        return self

    def write(self, table: pa.Table) -> None:
        """Append rows."""
        self._writer.write_table(table)

    def describe(self, made_from: Mapping[str, object], result: Mapping[str, object]) -> None:
        """Say what the file was made from, and the result to return when the job runs again; both JSON values."""
        about = json.dumps({"made_from": made_from, "result": result}, sort_keys=True)
        self._writer.add_key_value_metadata({_KEY: about.encode()})

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        self._stream.close()
        if kind is not None:
            self._draft.remove()
        elif self._place.is_local:
            replace_durably(Path(self._draft.path), Path(self._place.path))
        else:
            self._place.filesystem.move(self._draft.path, self._place.path)


def finished(
    place: Location,
    made_from: Mapping[str, object],
    remedy: str = "give another output, or delete it first",
) -> dict[str, Any] | None:
    """The result of the earlier run that wrote ``place``, None where nothing is there.

    Args:
        place: of the output.
        made_from: what it would be made from now.
        remedy: what the message advises where something else is there.

    Raises:
        ConflictError: something else is there, or it was made from other inputs or settings; the message names them.
    """
    if place.info().type == pyarrow.fs.FileType.NotFound:
        return None
    try:
        metadata = pq.read_metadata(place.path, filesystem=place.filesystem).metadata or {}
        about = json.loads(metadata[_KEY])
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise ConflictError(f"output {place.shown!r} exists and was not made by this job; {remedy}") from error
    now, then = json.loads(json.dumps(made_from)), about["made_from"]
    differing = sorted(key for key in {*now, *then} if now.get(key) != then.get(key))
    if differing:
        changes = ", ".join(f"{key}={then.get(key)!r} then, {now.get(key)!r} now" for key in differing)
        raise ConflictError(f"output {place.shown!r} exists and was made from something else ({changes}); {remedy}")
    result: dict[str, Any] = about["result"]
    return result


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

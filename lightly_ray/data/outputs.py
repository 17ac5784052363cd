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

from lightly_ray.data.paths import files_of, locate, shown
from lightly_ray.errors import ConflictError

_KEY = b"lightly_ray"


class ParquetOutput:
    """A Parquet file that appears whole or not at all. Use as a context manager.

    Args:
        path: local path or URI of the file.
        schema: of the tables that will be written.
        draft: path on the same filesystem that the name of the unfinished file begins with; default: ``path``.
    """

    def __init__(self, path: str | Path, schema: pa.Schema, draft: str | Path | None = None) -> None:
        self._files, self._path = locate(path)
        self._unfinished = _unfinished(self._path if draft is None else locate(draft)[1])
        self._schema = schema

    def __enter__(self) -> Self:
        _make_parent(self._files, self._path)
        _make_parent(self._files, self._unfinished)
        self._stream = self._files.open_output_stream(self._unfinished)
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
        if kind is None:
            self._files.move(self._unfinished, self._path)
        else:
            self._files.delete_file(self._unfinished)


def finished(
    path: str | Path,
    made_from: Mapping[str, object],
    remedy: str = "give another output, or delete it first",
) -> dict[str, Any] | None:
    """The result of the earlier run that wrote ``path``, None where nothing is there.

    Args:
        path: local path or URI of the output.
        made_from: what it would be made from now.
        remedy: what the message advises where something else is there.

    Raises:
        ConflictError: something else is there, or it was made from other inputs or settings; the message names them.
    """
    files, there = locate(path)
    if files.get_file_info(there).type == pyarrow.fs.FileType.NotFound:
        return None
    try:
        metadata = pq.read_metadata(there, filesystem=files).metadata or {}
        about = json.loads(metadata[_KEY])
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise ConflictError(f"output {shown(path)!r} exists and was not made by this job; {remedy}") from error
    now, then = json.loads(json.dumps(made_from)), about["made_from"]
    differing = sorted(key for key in {*now, *then} if now.get(key) != then.get(key))
    if differing:
        changes = ", ".join(f"{key}={then.get(key)!r} then, {now.get(key)!r} now" for key in differing)
        raise ConflictError(f"output {shown(path)!r} exists and was made from something else ({changes}); {remedy}")
    result: dict[str, Any] = about["result"]
    return result


def fingerprint_files(path: str) -> str:
    """A digest of the names, sizes and times of a file, or of all files below a folder or of a pattern."""
    system, inside = locate(path)
    info = system.get_file_info(inside)
    if info.type == pyarrow.fs.FileType.File:
        infos = [info]
    elif info.type == pyarrow.fs.FileType.Directory:
        infos = system.get_file_info(pyarrow.fs.FileSelector(inside, recursive=True))
    else:
        infos = system.get_file_info(files_of(path, "")[1])
    return digest_of(infos)


def digest_of(infos: Iterable[pyarrow.fs.FileInfo]) -> str:
    """A digest of the names, sizes and times of the files among these, in whatever order they come."""
    lines = sorted(f"{one.path} {one.size} {one.mtime_ns}" for one in infos if one.type == pyarrow.fs.FileType.File)
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()


def _unfinished(path: str) -> str:
    # Unique, since two runs of one job must not write into each other's file.
    return f"{path}.unfinished-{uuid.uuid4().hex[:12]}"


def _make_parent(files: pyarrow.fs.FileSystem, path: str) -> None:
    # Object stores have no folders; asking for one there would need the right to create buckets.
    if isinstance(files, pyarrow.fs.LocalFileSystem):
        files.create_dir(str(Path(path).parent), recursive=True)

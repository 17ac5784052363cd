"""Columns of what is stored beside the samples, and all file names: one scan per version, everything else is kept.

A million samples take some seconds and about 100 bytes of memory each. Written are, under the version: a gzip file per
column, one of the names, and last a list of the columns: where the list is, all of it is.
"""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from lightly_ray.errors import TooLargeError
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services.columns.fields import Categories, Fields
from lightly_ray.platform.services.columns.summary import (
    Summary,
    Title,
    Values,
    category_summary,
    little_endian,
    number_summary,
)
from lightly_ray.platform.services.kept import compressed, kept
from lightly_ray.platform.storage.store import rows

_FORM = "1"  # of what is kept: to be raised when the same samples would come to other columns
_NAMES_BYTES = 2**32  # offsets of names are 32 bits

Column = tuple[Summary, Values]


def list_columns(platform: Platform, dataset_id: str) -> list[Summary]:
    """Metadata, own metadata and folders.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
    """
    return _listed(platform, dataset_id).columns


def read_column(platform: Platform, dataset_id: str, key: str) -> tuple[Summary, bytes] | None:
    """A column and its values, little-endian and gzipped; None where there is none of that key.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
    """
    listed = _listed(platform, dataset_id)
    for number, summary in enumerate(listed.columns):
        if summary["key"] == key:
            return summary, platform.blobs.read(f"{listed.folder}/{number}.gz")
    return None


@dataclass(frozen=True, slots=True)
class Names:
    """The file names of all rows.

    Attributes:
        version: of the samples.
        n: how many there are.
        content: uint32[n + 1] where each begins, little-endian, then UTF-8; gzipped.
    """

    version: str
    n: int
    content: bytes


def read_names(platform: Platform, dataset_id: str) -> Names:
    """The file names of all rows.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
    """
    listed = _listed(platform, dataset_id)
    return Names(_version(listed.folder), listed.n, platform.blobs.read(f"{listed.folder}/names.gz"))


@dataclass(frozen=True, slots=True)
class _Listed:
    """The folder of the newest version, how many rows it has, and the columns in it."""

    folder: str
    n: int
    columns: list[Summary]


class _Scanned:
    """What is gathered on the way over n samples."""

    def __init__(self, n: int) -> None:
        self.names: list[pa.Array] = []
        self.metadata, self.custom, self.folders = Fields(n), Fields(n), Categories(n)

    def add(self, some: rows.Described) -> None:
        """Take a batch."""
        names = pa.array(some.file_names, pa.string())
        self.names.append(names)
        self.folders.add(some.first_row, pc.struct_field(pc.extract_regex(names, r"^(?P<folder>[^/]+)/"), "folder"))
        self.metadata.add(some.first_row, some.meta_data)
        self.custom.add(some.first_row, some.custom_meta_data)

    def columns(self, version: str) -> Iterator[Column]:
        """All that there is to say, once all batches are in."""
        for name in sorted(self.metadata.numbers):
            yield from _number(Title(f"metadata:{name}", _in_words(name), "metadata", version), self.metadata, name)
        for name in sorted(self.custom.numbers.keys() | self.custom.categories.keys()):
            title = Title(f"custom:{name}", name, "custom", version)
            if self.custom.is_number(name):
                yield from _number(title, self.custom, name)
            else:
                yield from _category(title, self.custom.categories[name])
        for summary, values in _category(Title("folder", "folder", "folder", version), self.folders):
            if len(summary["values"]) + bool(summary["missing"]) > 1:
                yield summary, values


def _number(title: Title, fields: Fields, name: str) -> Iterator[Column]:
    summary = number_summary(title, fields.numbers[name])
    if summary is not None:
        yield summary, fields.numbers[name]


def _category(title: Title, categories: Categories) -> Iterator[Column]:
    if categories.offered:
        column = category_summary(title, categories.codes, categories.texts)
        if column is not None:
            yield column


def _listed(platform: Platform, dataset_id: str) -> _Listed:
    while True:
        with platform.database.read() as db:
            folder = _folder(db, dataset_id)
        try:
            made = kept(platform.blobs, f"{folder}/columns.json", partial(_scan, platform, dataset_id, folder))
            return _Listed(folder, **json.loads(made))
        except _ChangedError:
            continue


class _ChangedError(Exception):
    """The samples changed between the look at their version and the scan."""


def _folder(db: Connection, dataset_id: str) -> str:
    return f"datasets/{dataset_id}/columns/samples/{rows.version(db, dataset_id)}-{_FORM}"


def _scan(platform: Platform, dataset_id: str, folder: str) -> bytes:
    with platform.database.read() as db:
        if _folder(db, dataset_id) != folder:
            raise _ChangedError
        n = rows.total(db, dataset_id)
        scanned = _Scanned(n)
        for some in rows.scan(db, dataset_id):
            scanned.add(some)
    summaries = []
    for number, (summary, values) in enumerate(scanned.columns(_version(folder))):
        platform.blobs.put(f"{folder}/{number}.gz", io.BytesIO(compressed(little_endian(values))))
        summaries.append(summary)
    platform.blobs.put(f"{folder}/names.gz", io.BytesIO(compressed(_packed(scanned.names))))
    return json.dumps({"n": n, "columns": summaries}).encode()


def _version(folder: str) -> str:
    return folder.rpartition("/")[2]


def _packed(names: list[pa.Array]) -> bytes:
    lengths = [pc.binary_length(some).to_numpy(zero_copy_only=False) for some in names]
    ends = np.cumsum(np.concatenate([np.zeros(1, dtype=np.int64), *lengths]), dtype=np.int64)
    if ends[-1] >= _NAMES_BYTES:
        raise TooLargeError(f"the file names have {ends[-1]} bytes together, the web app shows up to {_NAMES_BYTES}")
    texts = ["".join(some.to_pylist()).encode() for some in names]
    return b"".join([ends.astype("<u4").tobytes(), *texts])


def _in_words(name: str) -> str:
    """``sizeInBytes`` as people write it: size in bytes."""
    return re.sub(r"(?<=[a-z0-9])[A-Z]", lambda letter: f" {letter[0].lower()}", name).replace("_", " ")

"""Samples by their rows: what the web app reads, a screen or a scan at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Text, cast, select

from lightly_ray.errors import InvalidInputError, NotFoundError
from lightly_ray.platform.storage.schema import datasets, samples
from lightly_ray.platform.storage.store.datasets import unknown
from lightly_ray.platform.storage.store.records import Sample, record

_BATCH = 20_000


@dataclass(frozen=True, slots=True)
class Brief:
    """What a tile shows of a sample, without its metadata, which may be large.

    Attributes:
        row: of the sample.
        id, file_name: what it is called.
        full_sha256, thumb_sha256: of its files, None where there is none.
    """

    row: int
    id: str
    file_name: str
    full_sha256: str | None
    thumb_sha256: str | None


@dataclass(frozen=True, slots=True)
class Described:
    """What is known of consecutive rows.

    Attributes:
        first_row: of the first of them.
        file_names: of each.
        meta_data, custom_meta_data: JSON texts, aligned; None where there is none.
    """

    first_row: int
    file_names: list[str]
    meta_data: list[str | None]
    custom_meta_data: list[str | None]


def total(db: Connection, dataset_id: str) -> int:
    """How many samples of a dataset have a row.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
    """
    return int(_of_dataset(db, dataset_id, datasets.c.total))


def dataset_name(db: Connection, dataset_id: str) -> str:
    """What a dataset is called.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
    """
    return str(_of_dataset(db, dataset_id, datasets.c.name))


def version(db: Connection, dataset_id: str) -> str:
    """Text that is another one whenever samples were given rows, or were described again.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
    """
    descriptions = _of_dataset(db, dataset_id, datasets.c.descriptions)
    return f"{total(db, dataset_id)}-{descriptions}"


def briefs(db: Connection, dataset_id: str, rows: Sequence[int]) -> list[Brief]:
    """The samples at some hundred rows, in the order asked for.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
        InvalidInputError: a row is none of the dataset's.
    """
    count = total(db, dataset_id)
    columns = (samples.c[name] for name in Brief.__slots__)
    query = select(*columns).where(samples.c.dataset_id == dataset_id, samples.c.row.in_(set(rows)))
    by_row = {row.row: record(Brief, row) for row in db.execute(query)}
    missing = next((row for row in rows if row not in by_row), None)
    if missing is not None:
        raise InvalidInputError(f"row {missing} is not in the dataset, which has the rows 0 to {count - 1}")
    return [by_row[row] for row in rows]


def at(db: Connection, dataset_id: str, row: int) -> Sample:
    """The sample at a row.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN), or row (SAMPLE_UNKNOWN).
    """
    count = total(db, dataset_id)
    # Checked here: a number that the database cannot hold would be an error of its own.
    query = select(samples).where(samples.c.dataset_id == dataset_id, samples.c.row == row)
    found = db.execute(query).one_or_none() if 0 <= row < count else None
    if found is None:
        raise NotFoundError(f"the dataset has no row {row}, it has {count}", code="SAMPLE_UNKNOWN")
    return record(Sample, found)


def scan(db: Connection, dataset_id: str) -> Iterator[Described]:
    """All samples that have a row, in that order, a batch at a time: no batch is slower to reach than the first."""
    texts = (cast(samples.c[name], Text) for name in ("meta_data", "custom_meta_data"))
    query = select(samples.c.row, samples.c.file_name, *texts).where(samples.c.dataset_id == dataset_id)
    last = -1
    while batch := db.execute(query.where(samples.c.row > last).order_by(samples.c.row).limit(_BATCH)).all():
        rows, file_names, meta_data, custom_meta_data = (list(column) for column in zip(*batch, strict=True))
        yield Described(rows[0], file_names, meta_data, custom_meta_data)
        last = rows[-1]


def _of_dataset(db: Connection, dataset_id: str, column: Column[Any]) -> Any:
    value = db.scalar(select(column).where(datasets.c.id == dataset_id))
    if value is None:
        raise unknown(dataset_id)
    return value

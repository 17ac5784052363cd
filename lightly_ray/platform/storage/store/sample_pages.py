"""Samples a page at a time, in mappings order: those that have a row by it, then the others by file name.

Left out are samples with an announced file that never arrived, so that a client that resumes an upload by asking what
is there sends them again. They are few, and have an index: a page is found without passing over those before it.
"""

from typing import Any

from sqlalchemy import Column, Connection, Row, Select, select

from lightly_ray.platform.storage.schema import INCOMPLETE, samples
from lightly_ray.platform.storage.store.records import Sample, record
from lightly_ray.platform.storage.store.rows import total


def listing(db: Connection, dataset_id: str, *, offset: int = 0, size: int | None = None) -> list[Sample]:
    """Samples that are complete.

    Args:
        db: any connection.
        dataset_id: of a dataset that exists.
        offset: how many to pass over.
        size: how many at most.
    """
    return [record(Sample, row) for row in _page(db, dataset_id, list(samples.columns), offset, size)]


def names(db: Connection, dataset_id: str, *, offset: int = 0, size: int | None = None) -> list[tuple[str, str]]:
    """(id, file name) of the same samples; quick for many."""
    found = _page(db, dataset_id, [samples.c.id, samples.c.file_name], offset, size)
    return [(row.id, row.file_name) for row in found]


def rows_of_missing(dataset_id: str) -> Select[int]:
    """The rows of the samples that are left out."""
    mine = samples.c.dataset_id == dataset_id
    return select(samples.c.row).where(mine, samples.c.row.is_not(None), INCOMPLETE).order_by(samples.c.row)


def _page(db: Connection, dataset_id: str, columns: list[Column[Any]], offset: int, size: int | None) -> list[Row[Any]]:
    mine = samples.c.dataset_id == dataset_id
    first, missing = offset, 0
    for row in db.scalars(rows_of_missing(dataset_id)):
        missing += 1
        first += row <= first
    with_row = select(*columns).where(mine, samples.c.row >= first, ~INCOMPLETE).order_by(samples.c.row).limit(size)
    found = list(db.execute(with_row))
    if size is not None and len(found) == size:
        return found
    passed_over = max(0, offset - (total(db, dataset_id) - missing))
    without = select(*columns).where(mine, samples.c.row.is_(None), ~INCOMPLETE).order_by(samples.c.file_name)
    left = None if size is None else size - len(found)
    return found + list(db.execute(without.offset(passed_over).limit(left)))

"""Datasets: create, find, list. How they are deleted stands in `deletions`."""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, update
from sqlalchemy.exc import IntegrityError

from lightly_ray.errors import ConflictError, NotFoundError
from lightly_ray.platform import limits
from lightly_ray.platform.storage.ids import new_id, now
from lightly_ray.platform.storage.schema import datasets
from lightly_ray.platform.storage.store.records import Dataset, Json, record

# Nearly every request asks this: put together once, it takes half the time.
_BY_ID = select(datasets).where(datasets.c.id == bindparam("dataset"))


def create(db: Connection, owner_id: str, name: str, kind: str = "Images") -> str:
    """Create an empty dataset of a user and return its id.

    Raises:
        ConflictError: the user has one of that name (DATASET_NAME_EXISTS).
    """
    limits.dataset_name(name)
    taken = ConflictError(f"there is already a dataset named {name!r}", code="DATASET_NAME_EXISTS")
    if db.scalar(select(datasets.c.id).where(datasets.c.owner_id == owner_id, datasets.c.name == name)) is not None:
        raise taken
    dataset_id, at = new_id(), now()
    values = {"id": dataset_id, "owner_id": owner_id, "name": name, "type": kind}
    try:
        db.execute(datasets.insert().values(total=0, n_samples=0, created_at=at, last_modified_at=at, **values))
    except IntegrityError as error:  # on PostgreSQL, another client took the name in the meantime
        raise taken from error
    return dataset_id


def read(db: Connection, dataset_id: str) -> Dataset:
    """One dataset.

    Raises:
        NotFoundError: there is none of that id (DATASET_UNKNOWN).
    """
    row = db.execute(_BY_ID, {"dataset": dataset_id}).one_or_none()
    if row is None:
        raise unknown(dataset_id)
    return record(Dataset, row)


def is_there(db: Connection, dataset_id: str) -> bool:
    """Whether there is a dataset of that id."""
    return db.scalar(select(datasets.c.id).where(datasets.c.id == dataset_id)) is not None


def newest(db: Connection, which: ColumnElement[bool], *, before: str | None, size: int) -> list[Dataset]:
    """Datasets from the newest to the oldest.

    Args:
        db: any connection.
        which: of all rows of datasets.
        before: the id of the last one that is known already.
        size: how many at most.
    """
    query = select(datasets).where(which).order_by(datasets.c.id.desc()).limit(size)
    if before is not None:
        query = query.where(datasets.c.id < before)
    return [record(Dataset, row) for row in db.execute(query)]


def lock(db: Connection, dataset_id: str) -> Dataset:
    """One dataset, whose other writers wait until this transaction ends.

    Raises:
        NotFoundError: there is none of that id (DATASET_UNKNOWN).
    """
    row = db.execute(select(datasets).where(datasets.c.id == dataset_id).with_for_update()).one_or_none()
    if row is None:
        raise unknown(dataset_id)
    return record(Dataset, row)


def listing(db: Connection, which: ColumnElement[bool], *, offset: int = 0, size: int | None = None) -> list[Dataset]:
    """The datasets for which ``which``, on their rows, is true, from the oldest to the newest."""
    query = select(datasets).where(which).order_by(datasets.c.created_at, datasets.c.id).offset(offset).limit(size)
    return [record(Dataset, row) for row in db.execute(query)]


class Totals(NamedTuple):
    """What all datasets together hold."""

    datasets: int
    samples: int


def totals(db: Connection) -> Totals:
    """How many datasets there are, and samples in all of them."""
    row = db.execute(select(func.count(), func.coalesce(func.sum(datasets.c.n_samples), 0)).select_from(datasets)).one()
    return Totals(row[0], int(row[1]))


def named(db: Connection, which: ColumnElement[bool], name: str, *, exact: bool) -> list[Dataset]:
    """Those of such datasets that have that name, or whose name begins with it."""
    match = datasets.c.name == name if exact else datasets.c.name.startswith(name, autoescape=True)
    query = select(datasets).where(which, match).order_by(datasets.c.created_at, datasets.c.id)
    return [record(Dataset, row) for row in db.execute(query)]


def change(db: Connection, dataset_id: str, **values: Any) -> None:
    """Set columns, and note the time."""
    db.execute(update(datasets).where(datasets.c.id == dataset_id).values(last_modified_at=now(), **values))


def register_upload(db: Connection, dataset_id: str, upload: Json) -> None:
    """Keep what a client says about its upload."""
    lock(db, dataset_id)
    change(db, dataset_id, upload=upload)


def unknown(dataset_id: str) -> NotFoundError:
    """The error for a dataset that is not there, or not for whoever asks."""
    return NotFoundError(f"there is no dataset with id {dataset_id[:60]!r}", code="DATASET_UNKNOWN")

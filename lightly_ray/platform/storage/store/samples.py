"""Samples: what is known of each image, and the order that all masks share.

A sample exists from its first request on, under an id that a repeated request gets again. It has a row once
a tag covers it (initial tag, upsize): rows are given in file-name order, whatever the order in which a pool of
uploading threads happened to arrive, and never change.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, bindparam, func, or_, select, update

from lightly_ray.errors import NotFoundError, TooLargeError
from lightly_ray.platform import limits
from lightly_ray.platform.storage.ids import new_id, now
from lightly_ray.platform.storage.schema import datasets, samples
from lightly_ray.platform.storage.store.changes import note_change
from lightly_ray.platform.storage.store.datasets import lock
from lightly_ray.platform.storage.store.records import Json, Named, Outline, Sample, record

Kind = Literal["full", "thumb"]
_MANY = 5_000  # values in one statement
_PART = 50_000  # rows that are read at a time
_DESCRIPTION = {"exif", "meta_data", "custom_meta_data"}


@dataclass(frozen=True, slots=True)
class Blob:
    """A file that has been stored for a sample."""

    key: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class NewSample:
    """What a client says about one image."""

    file_name: str
    thumb_name: str | None = None
    exif: Json | None = None
    meta_data: Json | None = None
    custom_meta_data: Json | None = None
    files: Mapping[Kind, Blob] = field(default_factory=dict)


def upsert(db: Connection, dataset_id: str, news: Sequence[NewSample], *, at_most: int) -> list[str]:
    """Add samples, or describe again those whose file name is known.

    Args:
        db: with the dataset locked.
        dataset_id: of the locked dataset.
        news: distinct file names.
        at_most: how many samples a dataset may hold.

    Returns:
        Their ids, aligned.
    """
    news = [checked(new) for new in news]
    ids = ids_of(db, dataset_id, [new.file_name for new in news])
    fresh = [new for new in news if new.file_name not in ids]
    # Without a row, samples are in nobody's way: counting them as described would have columns made again and again.
    note_change(db, dataset_id, described=bool(ids))
    _count(db, dataset_id, len(fresh), at_most)
    sent = sum(blob.size for new in news for blob in new.files.values())
    again = {ids[new.file_name]: list(new.files) for new in news if new.file_name in ids and new.files}
    _grow(db, dataset_id, sent - _size_of(db, again))
    at = now()
    for new in news:
        if new.file_name in ids:
            db.execute(update(samples).where(samples.c.id == ids[new.file_name]).values(**_columns_of(new, at)))
    added = {new.file_name: new_id() for new in fresh}
    rows = [
        {**_blank(), **_columns_of(new, at), "id": added[new.file_name], "dataset_id": dataset_id, "created_at": at}
        for new in fresh
    ]
    if rows:
        db.execute(samples.insert(), rows)
    return [ids.get(new.file_name) or added[new.file_name] for new in news]


def checked(new: NewSample) -> NewSample:
    """A description as it can be kept.

    Raises:
        InvalidInputError: its file name cannot be used, or its metadata is too large.
    """
    limits.file_name(new.file_name)
    return replace(
        new,
        meta_data=limits.metadata(new.meta_data, "metaData"),
        custom_meta_data=limits.metadata(new.custom_meta_data, "customMetaData"),
        exif=limits.metadata(new.exif, "exif"),
    )


def ids_of(db: Connection, dataset_id: str, file_names: Sequence[str]) -> dict[str, str]:
    """The ids of those file names that are known. At most some thousand names."""
    query = select(samples.c.file_name, samples.c.id).where(
        samples.c.dataset_id == dataset_id, samples.c.file_name.in_(file_names)
    )
    return {row.file_name: row.id for row in db.execute(query)}


def read(db: Connection, dataset_id: str, sample_id: str) -> Sample:
    """One sample.

    Raises:
        NotFoundError: the dataset has none of that id (SAMPLE_UNKNOWN).
    """
    row = db.execute(_BY_ID, {"sample": sample_id, "dataset": dataset_id}).one_or_none()
    if row is None:
        raise NotFoundError(f"the dataset has no sample with id {sample_id[:60]!r}", code="SAMPLE_UNKNOWN")
    return record(Sample, row)


def find(db: Connection, sample_id: str) -> Sample:
    """One sample, of any dataset.

    Raises:
        NotFoundError: there is none of that id (SAMPLE_UNKNOWN).
    """
    row = db.execute(_of_datasets_that_are().where(samples.c.id == sample_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no sample with id {sample_id[:60]!r}", code="SAMPLE_UNKNOWN")
    return record(Sample, row)


def change(db: Connection, dataset_id: str, sample_id: str, **values: Any) -> None:
    """Set columns of one sample, and note the time.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN), or it has none of that id (SAMPLE_UNKNOWN).
    """
    lock(db, dataset_id)
    note_change(db, dataset_id, described=not _DESCRIPTION.isdisjoint(values))
    query = update(samples).where(samples.c.id == sample_id, samples.c.dataset_id == dataset_id)
    if not db.execute(query.values(last_modified_at=now(), **values)).rowcount:
        read(db, dataset_id, sample_id)


def set_file(db: Connection, dataset_id: str, sample_id: str, kind: Kind, blob: Blob) -> None:
    """Point a sample to the file that was stored for it; raises as `change`."""
    lock(db, dataset_id)
    _grow(db, dataset_id, blob.size - _size_of(db, {sample_id: [kind]}))
    change(db, dataset_id, sample_id, **_file_columns(kind, blob))


def mappings(db: Connection, dataset_id: str, column: Literal["id", "file_name"] = "file_name") -> list[str]:
    """Ids or file names in the order of the bits of every mask.

    Before the first tag, all samples in file-name order: the order that they are going to have.
    """
    total = db.scalar(select(datasets.c.total).where(datasets.c.id == dataset_id))
    query = select(samples.c[column]).where(samples.c.dataset_id == dataset_id)
    if total:
        query = query.where(samples.c.row.is_not(None)).order_by(samples.c.row)
    else:
        query = query.order_by(samples.c.file_name)
    return list(db.scalars(query))


def identities(db: Connection, dataset_id: str, total: int) -> Iterator[Sequence[Row[Any, Any]]]:
    """(id, file name) of the first ``total`` rows, in their order, some at a time."""
    query = select(samples.c.id, samples.c.file_name).where(samples.c.dataset_id == dataset_id, samples.c.row < total)
    return db.execute(query.order_by(samples.c.row).execution_options(yield_per=_PART)).partitions()


def by_rows(db: Connection, dataset_id: str, rows: Sequence[int]) -> list[Sample]:
    """The samples at these rows, ascending."""
    listed: list[Sample] = []
    for start in range(0, len(rows), _MANY):
        some = samples.c.row.in_(rows[start : start + _MANY])
        query = select(samples).where(samples.c.dataset_id == dataset_id, some).order_by(samples.c.row)
        listed += [record(Sample, row) for row in db.execute(query)]
    return listed


def names_at(db: Connection, dataset_id: str, rows: Sequence[int]) -> list[Named]:
    """What the samples at some thousand rows are called, ascending."""
    columns = (samples.c[name] for name in Named.__slots__)
    query = select(*columns).where(samples.c.dataset_id == dataset_id, samples.c.row.in_(rows))
    return [Named(*row) for row in db.execute(query.order_by(samples.c.row))]


def outlines_at(db: Connection, dataset_id: str, rows: Sequence[int]) -> list[Outline]:
    """What exports say of the samples at some thousand rows, ascending."""
    # The rest of the metadata stays where it is: to read it would take most of the time.
    shape = samples.c.meta_data["shape"].label("shape")
    columns = [shape if name == "shape" else samples.c[name] for name in Outline.__slots__]
    query = select(*columns).where(samples.c.dataset_id == dataset_id, samples.c.row.in_(rows))
    return [Outline(*row) for row in db.execute(query.order_by(samples.c.row))]


def with_image(db: Connection, dataset_id: str, rows: Sequence[int]) -> list[int]:
    """Those of some rows, ascending, that have an image or a thumbnail. At most some thousand rows."""
    has_file = or_(samples.c.full_key.is_not(None), samples.c.thumb_key.is_not(None))
    query = select(samples.c.row).where(samples.c.dataset_id == dataset_id, samples.c.row.in_(rows), has_file)
    return list(db.scalars(query.order_by(samples.c.row)))


def named(db: Connection, dataset_id: str, file_name: str) -> Sample | None:
    """The sample of that file name, None where there is none."""
    query = _of_datasets_that_are().where(samples.c.dataset_id == dataset_id, samples.c.file_name == file_name)
    row = db.execute(query).one_or_none()
    return None if row is None else record(Sample, row)


def give_rows(db: Connection, dataset_id: str, first: int) -> int:
    """Give the samples without a row the rows from ``first`` on, in file-name order; return how many there are."""
    place = func.row_number().over(order_by=samples.c.file_name).label("place")
    ranked = (
        select(samples.c.id, place)
        .where(samples.c.dataset_id == dataset_id, samples.c.row.is_(None))
        .subquery("ranked")
    )
    query = update(samples).where(samples.c.id == ranked.c.id).values(row=ranked.c.place - 1 + bindparam("first_row"))
    return db.execute(query, {"first_row": first}).rowcount


def _count(db: Connection, dataset_id: str, more: int, at_most: int) -> None:
    query = update(datasets).where(datasets.c.id == dataset_id).values(n_samples=datasets.c.n_samples + more)
    count = db.scalar(query.returning(datasets.c.n_samples)) or 0
    if more and count > at_most:
        raise TooLargeError(
            f"a dataset holds at most {at_most} samples, this one has {count - more}", code="DATASET_AT_MAX_CAPACITY"
        )


def _of_datasets_that_are() -> Select[Any]:
    # Samples are removed some time after their dataset.
    return select(samples).join(datasets, datasets.c.id == samples.c.dataset_id)


# Asked by many requests: put together once, it takes half the time.
_BY_ID = _of_datasets_that_are().where(
    samples.c.id == bindparam("sample"), samples.c.dataset_id == bindparam("dataset")
)


def _size_of(db: Connection, files: Mapping[str, Collection[Kind]]) -> int:
    """The bytes of files that are there, by the ids of their samples: at most some thousand of one dataset, locked."""
    if not files:
        return 0
    sizes = (samples.c.full_bytes.label("full"), samples.c.thumb_bytes.label("thumb"))
    query = select(samples.c.id, *sizes).where(samples.c.id.in_(files))
    return sum(row[kind] or 0 for row in db.execute(query).mappings() for kind in files[row["id"]])


def _grow(db: Connection, dataset_id: str, more: int) -> None:
    """Count the bytes of files that have come in, less those that they replace."""
    if more:
        query = update(datasets).where(datasets.c.id == dataset_id)
        db.execute(query.values(size_in_bytes=datasets.c.size_in_bytes + more))


def _columns_of(new: NewSample, at: int) -> dict[str, Any]:
    columns = {
        "file_name": new.file_name,
        "thumb_name": new.thumb_name,
        "exif": new.exif,
        "meta_data": new.meta_data,
        "custom_meta_data": new.custom_meta_data,
        "last_modified_at": at,
    }
    files = [_file_columns(kind, blob) for kind, blob in new.files.items()]
    return {name: value for part in (columns, *files) for name, value in part.items() if value is not None}


def _blank() -> dict[str, Any]:
    # Every row of one INSERT has the same columns.
    blank: dict[str, Any] = dict.fromkeys(column.name for column in samples.columns)
    return {**blank, "full_expected": False}


def _file_columns(kind: Kind, blob: Blob) -> dict[str, Any]:
    columns: dict[str, Any] = {f"{kind}_key": blob.key, f"{kind}_sha256": blob.sha256, f"{kind}_bytes": blob.size}
    return {**columns, "full_expected": True} if kind == "full" else columns

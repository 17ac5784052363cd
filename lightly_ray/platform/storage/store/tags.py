"""Tags: named sets of samples. Two of them grow, all others are immutable.

The initial tag is always all samples; the other that grows holds what cannot be labelled. That one, and those that hold
samples out for validation, are never offered to a selection. A name belongs to one tag,
or to one job that is going to make it: `tag_names` holds both, so its primary key decides. Writers take the dataset's
lock first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from sqlalchemy import Connection, Text, bindparam, cast, delete, func, select, update

from lightly_ray.bitmask import BitMask
from lightly_ray.errors import Code, ConflictError, InvalidInputError, NotFoundError
from lightly_ray.methods import CANNOT_BE_LABELLED_TAG, INITIAL_TAG
from lightly_ray.platform import limits
from lightly_ray.platform.storage import audit
from lightly_ray.platform.storage.ids import new_id, now
from lightly_ray.platform.storage.schema import datasets, jobs, tag_names, tags
from lightly_ray.platform.storage.store import samples
from lightly_ray.platform.storage.store.changes import note_change
from lightly_ray.platform.storage.store.records import Dataset, Json, Tag, record

VALIDATION = "validation"  # the kind of provenance of a tag whose samples are held out
_COLUMNS = [column for column in tags.columns if column.name != "provenance"]  # holds masks, which may be large
# Asked by many requests: put together once, it takes half the time.
_LISTED = (
    select(*_COLUMNS)
    .where(tags.c.dataset_id == bindparam("dataset"))
    .order_by(tags.c.prev_tag_id.is_not(None), tags.c.created_at, tags.c.id)
)


@dataclass(frozen=True, slots=True)
class NewTag:
    """What makes a tag.

    Attributes:
        name: free in the dataset, or reserved for the job in ``job_id``.
        mask: the samples.
        prev_tag_id: the tag it goes on from; None for the initial tag alone.
        creator: who made it, in the words of the protocol.
        provenance: how it was made.
        query_tag_id, preselected_tag_id: of a selection.
        job_id: the job that reserved the name.
    """

    name: str
    mask: BitMask
    prev_tag_id: str | None
    creator: str
    provenance: Json
    query_tag_id: str | None = None
    preselected_tag_id: str | None = None
    job_id: str | None = None


def listing(db: Connection, dataset_id: str) -> list[Tag]:
    """All tags, the initial tag first, then from the oldest to the newest."""
    return [record(Tag, row) for row in db.execute(_LISTED, {"dataset": dataset_id})]


def read(db: Connection, dataset_id: str, tag_id: str, *, code: Code = "TAG_UNKNOWN") -> Tag:
    """One tag.

    Raises:
        NotFoundError: the dataset has none of that id, with ``code``.
    """
    tag = find(db, dataset_id, tag_id)
    if tag is None:
        raise NotFoundError(f"the dataset has no tag with id {tag_id[:60]!r}", code=code)
    return tag


def find(db: Connection, dataset_id: str, tag_id: str) -> Tag | None:
    """One tag, None where the dataset has none of that id."""
    row = db.execute(select(*_COLUMNS).where(tags.c.id == tag_id, tags.c.dataset_id == dataset_id)).one_or_none()
    return None if row is None else record(Tag, row)


def holding(db: Connection, dataset_id: str, row: int) -> list[str]:
    """The ids of the tags that a row is in, the oldest first; no mask leaves the database."""
    # Four rows to a hexadecimal digit, the lowest at the end; those before "0x" stand for none.
    place = func.length(tags.c.mask) - row // 4
    digit = func.substr(cast(tags.c.mask, Text), place, 1)
    query = select(tags.c.id, digit).where(tags.c.dataset_id == dataset_id, place > 2).order_by(tags.c.id)
    return [tag_id for tag_id, text in db.execute(query) if int(text, 16) >> row % 4 & 1]


def provenance(db: Connection, tag_id: str) -> Json:
    """How a tag that exists was made."""
    stored: Json = db.scalar(select(tags.c.provenance).where(tags.c.id == tag_id)) or {}
    return stored


def kinds(db: Connection, dataset_id: str) -> dict[str, str]:
    """How each tag was made, by its id: initial, upsize, manual, arithmetics, marked, validation or sampling."""
    query = select(tags.c.id, tags.c.provenance["kind"].as_string()).where(tags.c.dataset_id == dataset_id)
    return {tag_id: kind or "" for tag_id, kind in db.execute(query)}


def counts(db: Connection, dataset_ids: Sequence[str]) -> dict[str, int]:
    """How many tags some datasets have; one without is left out."""
    query = select(tags.c.dataset_id, func.count().label("n")).where(tags.c.dataset_id.in_(dataset_ids))
    return {row.dataset_id: row.n for row in db.execute(query.group_by(tags.c.dataset_id))}


def initial(db: Connection, dataset_id: str) -> Tag:
    """The tag of all samples.

    Raises:
        InvalidInputError: the dataset has no tags yet (TAG_NO_TAG_IN_DATASET).
    """
    query = select(*_COLUMNS).where(tags.c.dataset_id == dataset_id, tags.c.prev_tag_id.is_(None))
    row = db.execute(query).one_or_none()
    if row is None:
        raise InvalidInputError(
            "the dataset has no tags yet: finish the upload with an initial tag", code="TAG_NO_TAG_IN_DATASET"
        )
    return record(Tag, row)


def cannot_be_labelled(db: Connection, dataset_id: str) -> Tag | None:
    """The tag of the samples that cannot be labelled, None where none was marked."""
    query = select(*_COLUMNS).where(tags.c.dataset_id == dataset_id, tags.c.name == CANNOT_BE_LABELLED_TAG)
    row = db.execute(query).one_or_none()
    return None if row is None else record(Tag, row)


def held_out(db: Connection, dataset_id: str) -> list[Tag]:
    """The tags of the samples that are held out for validation, the oldest first."""
    kind = tags.c.provenance["kind"].as_string()
    query = select(*_COLUMNS).where(tags.c.dataset_id == dataset_id, kind == VALIDATION)
    return [record(Tag, row) for row in db.execute(query.order_by(tags.c.created_at, tags.c.id))]


def selected(db: Connection, dataset_id: str) -> BitMask:
    """All samples that are in the tag of a selection."""
    query = select(tags.c.mask).where(tags.c.dataset_id == dataset_id, tags.c.query_tag_id.is_not(None))
    return reduce(BitMask.union, db.scalars(query), BitMask())


def mark(db: Connection, dataset_id: str, mask: BitMask, creator: str) -> str:
    """Add samples to those that cannot be labelled; what is marked already stays so.

    Args:
        db: with the dataset locked.
        dataset_id: of the samples.
        mask: the samples.
        creator: who asks.

    Returns:
        The id of their tag, which is made with the first of them.
    """
    tag = cannot_be_labelled(db, dataset_id)
    if tag is None:
        first = initial(db, dataset_id)
        return insert(db, dataset_id, NewTag(CANNOT_BE_LABELLED_TAG, mask, first.id, creator, {"kind": "marked"}))
    if tag.mask | mask != tag.mask:
        note_change(db, dataset_id)
        values = {"mask": tag.mask | mask, "last_modified_at": now()}
        db.execute(update(tags).where(tags.c.id == tag.id).values(**values))
    return tag.id


def create_initial(db: Connection, dataset: Dataset, *, img_type: str, creator: str, name: str = INITIAL_TAG) -> str:
    """Give every sample its row and make the tag that holds them all.

    Args:
        db: with the dataset locked.
        dataset: as locked.
        img_type: full | thumbnail | meta.
        creator: who asks.
        name: of the tag.

    Raises:
        ConflictError: there is one (TAG_INITIAL_EXISTS).
        InvalidInputError: there are no samples.
    """
    if dataset.total:
        raise ConflictError("the dataset has its initial tag already", code="TAG_INITIAL_EXISTS")
    if not dataset.n_samples:
        raise InvalidInputError("the dataset has no samples to tag: upload some first")
    total = samples.give_rows(db, dataset.id, 0)
    _set_total(db, dataset.id, total, img_type=img_type)
    return insert(db, dataset.id, NewTag(name, BitMask.from_length(total), None, creator, {"kind": "initial"}))


def upsize(db: Connection, dataset: Dataset, name: str, creator: str) -> str:
    """Give the samples without a row theirs, let the initial tag hold them, and tag them by themselves.

    Args:
        db: with the dataset locked.
        dataset: as locked.
        name: of the tag of the new samples.
        creator: who asks.

    Returns:
        The id of the tag of the new samples; without new samples the initial tag's, and nothing changes.
    """
    first = initial(db, dataset.id)
    more = samples.give_rows(db, dataset.id, dataset.total)
    if not more:
        return first.id
    everything, before = BitMask.from_length(dataset.total + more), BitMask.from_length(dataset.total)
    _set_total(db, dataset.id, dataset.total + more)
    db.execute(update(tags).where(tags.c.id == first.id).values(mask=everything, last_modified_at=now()))
    origin = {"kind": "upsize", "samples_before": dataset.total, "samples_added": more}
    return insert(db, dataset.id, NewTag(name, everything - before, first.id, creator, origin))


def insert(db: Connection, dataset_id: str, new: NewTag) -> str:
    """Store a tag and return its id.

    Raises:
        ConflictError: the name is another tag's or job's (TAG_NAME_EXISTS).
    """
    limits.tag_name(new.name)
    owner = db.execute(_owner(dataset_id, new.name)).one_or_none()
    if owner is not None and (new.job_id is None or owner.job_id != new.job_id or owner.tag_id is not None):
        raise name_taken(new.name)
    tag_id, at = new_id(), now()
    values = {name: getattr(new, name) for name in ("name", "prev_tag_id", "creator", "provenance")}
    values |= {"query_tag_id": new.query_tag_id, "preselected_tag_id": new.preselected_tag_id}
    values |= {"mask": new.mask, "created_at": at, "last_modified_at": at}
    db.execute(tags.insert().values(id=tag_id, dataset_id=dataset_id, **values))
    if owner is None:
        db.execute(tag_names.insert().values(dataset_id=dataset_id, name=new.name, tag_id=tag_id))
    else:
        db.execute(update(tag_names).where(*_is(dataset_id, new.name)).values(tag_id=tag_id))
    audit.about(new.name)
    note_change(db, dataset_id)
    return tag_id


def reserve(db: Connection, dataset_id: str, name: str, job_id: str) -> None:
    """Take a free name for a job."""
    db.execute(tag_names.insert().values(dataset_id=dataset_id, name=name, job_id=job_id))


def release(db: Connection, job_id: str) -> None:
    """Free the name that a job has reserved and not used."""
    db.execute(delete(tag_names).where(tag_names.c.job_id == job_id, tag_names.c.tag_id.is_(None)))


def owner_of(db: Connection, dataset_id: str, name: str) -> tuple[str | None, str | None] | None:
    """Whose a name is: (tag id, job id), or None where it is free."""
    row = db.execute(_owner(dataset_id, name)).one_or_none()
    return None if row is None else (row.tag_id, row.job_id)


def rename(db: Connection, dataset_id: str, tag_id: str, name: str) -> None:
    """Give a tag another name.

    Raises:
        ConflictError: the name is taken (TAG_NAME_EXISTS).
        InvalidInputError: it is one of those that grow, which are found by their names.
    """
    limits.tag_name(name)
    tag = read(db, dataset_id, tag_id)
    if tag.name == name:
        return
    if tag.prev_tag_id is None or tag.name == CANNOT_BE_LABELLED_TAG:
        raise InvalidInputError(f"the tag {tag.name!r} keeps its name: it is found by that", code="DATASET_TAG_INVALID")
    if owner_of(db, dataset_id, name) is not None:
        raise name_taken(name)
    audit.about(f"{tag.name} to {name}")
    note_change(db, dataset_id)
    # A job that made the tag no longer answers to either name.
    db.execute(update(tag_names).where(tag_names.c.tag_id == tag_id).values(name=name, job_id=None))
    db.execute(update(tags).where(tags.c.id == tag_id).values(name=name, last_modified_at=now()))


def remove(db: Connection, dataset_id: str, tag_id: str) -> None:
    """Delete a tag that nothing goes on from.

    Raises:
        ConflictError: it is the initial tag, another tag goes on from it, or a job is about to.
    """
    tag = read(db, dataset_id, tag_id)
    if tag.prev_tag_id is None:
        raise ConflictError("the initial tag cannot be deleted", code="TAG_UNDELETABLE_IS_INITIAL")
    child = db.scalar(select(tags.c.name).where(tags.c.prev_tag_id == tag_id).limit(1))
    live = select(jobs.c.name, jobs.c.pinned).where(
        jobs.c.dataset_id == dataset_id, jobs.c.kind == "SAMPLING", jobs.c.status.in_(("WAITING", "RUNNING"))
    )
    waiting = [name for name, pinned in db.execute(live) if pinned["prev_tag_id"] == tag_id]
    if child or waiting:
        raise ConflictError(
            f"tag {tag.name!r} cannot be deleted: tag {child or waiting[0]!r} goes on from it",
            code="TAG_UNDELETABLE_NOT_A_LEAF",
        )
    audit.about(tag.name)
    note_change(db, dataset_id)
    db.execute(delete(tags).where(tags.c.id == tag_id))


def name_taken(name: str) -> ConflictError:
    """The error of a name that is another tag's or job's."""
    return ConflictError(f"there is already a tag named {name!r}", code="TAG_NAME_EXISTS")


def _set_total(db: Connection, dataset_id: str, total: int, **values: Any) -> None:
    db.execute(update(datasets).where(datasets.c.id == dataset_id).values(total=total, **values))


def _owner(dataset_id: str, name: str) -> Any:
    return select(tag_names.c.tag_id, tag_names.c.job_id).where(*_is(dataset_id, name))


def _is(dataset_id: str, name: str) -> tuple[Any, Any]:
    return tag_names.c.dataset_id == dataset_id, tag_names.c.name == name

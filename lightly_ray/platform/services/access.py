"""Who may do what with a dataset: its owner and an admin everything, others what it is shared with them for.

What somebody may not see is answered as if it were not there, by the same query and in the same time.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, bindparam, delete, exists, or_, select, true, update

from lightly_ray.errors import AuthenticationError, InvalidInputError, NotFoundError
from lightly_ray.platform.services import users
from lightly_ray.platform.services.users import User
from lightly_ray.platform.storage.ids import now
from lightly_ray.platform.storage.schema import datasets, jobs, shares
from lightly_ray.platform.storage.schema import users as user_rows
from lightly_ray.platform.storage.store import datasets as store
from lightly_ray.platform.storage.store.jobs import unknown as unknown_job

# Nearly every request asks this: put together once, it takes half the time.
_ENTERED = (
    select(datasets.c.name, datasets.c.owner_id, user_rows.c.name.label("owner"), shares.c.writes)
    .join(user_rows, user_rows.c.id == datasets.c.owner_id)
    .outerjoin(shares, (shares.c.dataset_id == datasets.c.id) & (shares.c.user_id == bindparam("visitor")))
    .where(datasets.c.id == bindparam("dataset"))
)


@dataclass(frozen=True, slots=True)
class Entered:
    """A dataset that somebody may open.

    Attributes:
        dataset_id, name: of it.
        owner: the name of whose it is, who may be somebody else.
        owns: whether they may delete and share it.
        writes: whether they may change what is in it.
    """

    dataset_id: str
    name: str
    owner: str
    owns: bool
    writes: bool


@dataclass(frozen=True, slots=True)
class Share:
    """With whom a dataset is shared.

    Attributes:
        user: the name.
        writes: whether that user may change it.
        created_at: unix milliseconds.
    """

    user: str
    writes: bool
    created_at: int


def enter(db: Connection, user: User, dataset_id: str) -> Entered:
    """Open a dataset.

    Raises:
        NotFoundError: there is none of that id, or it is not for this user (DATASET_UNKNOWN).
    """
    row = db.execute(_ENTERED, {"dataset": dataset_id, "visitor": user.id}).one_or_none()
    owns = row is not None and (row.owner_id == user.id or user.is_admin)
    if row is None or not (owns or row.writes is not None):
        raise store.unknown(dataset_id)
    return Entered(dataset_id, row.name, row.owner, owns=owns, writes=owns or bool(row.writes))


def enter_by_job(db: Connection, user: User, job_id: str) -> Entered:
    """Open the dataset of a job.

    Raises:
        NotFoundError: there is no such job, or it is not for this user (JOB_UNKNOWN).
    """
    dataset_id = db.scalar(select(jobs.c.dataset_id).where(jobs.c.id == job_id))
    try:
        return enter(db, user, dataset_id or "")
    except NotFoundError:
        raise unknown_job(job_id) from None


def owned(user: User) -> ColumnElement[bool]:
    """That a row of datasets belongs to a user."""
    return datasets.c.owner_id == user.id


def shared_with(user: User) -> ColumnElement[bool]:
    """That a row of datasets is shared with a user."""
    return exists().where(shares.c.dataset_id == datasets.c.id, shares.c.user_id == user.id)


def open_to(user: User) -> ColumnElement[bool]:
    """That a user may open a row of datasets."""
    return true() if user.is_admin else or_(owned(user), shared_with(user))


def require_owner(entered: Entered) -> None:
    """Refuse what only the owner or an admin may do.

    Raises:
        AuthenticationError: it is somebody else (FORBIDDEN).
    """
    if not entered.owns:
        raise AuthenticationError("only the owner of a dataset may delete or share it", code="FORBIDDEN")


def listing(db: Connection, dataset_id: str) -> list[Share]:
    """With whom a dataset is shared, in the order of their names."""
    columns = (user_rows.c.name, shares.c.writes, shares.c.created_at)
    query = select(*columns).join(user_rows, user_rows.c.id == shares.c.user_id)
    query = query.where(shares.c.dataset_id == dataset_id).order_by(user_rows.c.name)
    return [Share(*row) for row in db.execute(query)]


def share(db: Connection, dataset_id: str, name: str, *, writes: bool) -> Share:
    """Share a dataset with a user, or change how; how it is shared now.

    Raises:
        NotFoundError: there is no such dataset or user.
        InvalidInputError: it is the owner.
    """
    dataset = store.lock(db, dataset_id)
    user = users.named(db, name)
    if dataset.owner_id == user.id:
        raise InvalidInputError(f"{name!r} owns the dataset")
    again = update(shares).where(*_is(dataset_id, user)).values(writes=writes)
    created_at = db.scalar(again.returning(shares.c.created_at))
    if created_at is None:
        created_at = now()
        values = {"dataset_id": dataset_id, "user_id": user.id, "writes": writes}
        db.execute(shares.insert().values(created_at=created_at, **values))
    return Share(user.name, writes, created_at)


def unshare(db: Connection, dataset_id: str, name: str) -> None:
    """Share a dataset with a user no longer.

    Raises:
        NotFoundError: there is no such user, or it is not shared with that one.
    """
    user = users.named(db, name)
    if not db.execute(delete(shares).where(*_is(dataset_id, user))).rowcount:
        raise NotFoundError(f"the dataset is not shared with {name[:100]!r}")


def _is(dataset_id: str, user: User) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return shares.c.dataset_id == dataset_id, shares.c.user_id == user.id

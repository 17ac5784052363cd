"""Users: whom tokens and datasets belong to. An admin looks after users and tokens, and may open every dataset."""

from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy import Connection, Row, delete, func, select
from sqlalchemy.exc import IntegrityError

from lightly_ray.errors import ConflictError, NotFoundError
from lightly_ray.platform import limits
from lightly_ray.platform.storage.ids import new_id, now
from lightly_ray.platform.storage.schema import datasets, server_state
from lightly_ray.platform.storage.schema import users as table

Role = Literal["admin", "member"]


@dataclass(frozen=True, slots=True)
class User:
    """Somebody.

    Attributes:
        id, name: unique.
        role: "admin" or "member".
        created_at: unix milliseconds.
    """

    id: str
    name: str
    role: Role
    created_at: int

    @property
    def is_admin(self) -> bool:
        """Whether this one looks after users, and may open every dataset."""
        return self.role == "admin"


def admin(db: Connection) -> User:
    """The admin that every platform begins with, and who stays."""
    of_it = select(server_state.c.value).where(server_state.c.name == "user_id").scalar_subquery()
    return _as_user(db.execute(select(table).where(table.c.id == of_it)).one())


def create(db: Connection, name: str, role: Role = "member") -> User:
    """Make a user, who has no token yet.

    Raises:
        ConflictError: the name is taken.
        InvalidInputError: it is no name.
    """
    limits.user_name(name)
    taken = ConflictError(f"there is already a user named {name!r}")
    if db.scalar(select(table.c.id).where(table.c.name == name)) is not None:
        raise taken
    made = User(new_id(), name, role, now())
    values = {"id": made.id, "name": name, "role": role, "created_at": made.created_at}
    try:
        db.execute(table.insert().values(**values))
    except IntegrityError as error:  # on PostgreSQL, another client took the name in the meantime
        raise taken from error
    return made


def named(db: Connection, name: str) -> User:
    """The user of that name.

    Raises:
        NotFoundError: there is none.
    """
    row = db.execute(select(table).where(table.c.name == name)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no user named {name[:100]!r}")
    return _as_user(row)


def of_id(db: Connection, user_id: str) -> User | None:
    """The user of that id, None where there is none."""
    row = db.execute(select(table).where(table.c.id == user_id)).one_or_none()
    return None if row is None else _as_user(row)


def listing(db: Connection) -> list[User]:
    """All users, in the order of their names."""
    return [_as_user(row) for row in db.execute(select(table).order_by(table.c.name))]


def remove(db: Connection, name: str) -> None:
    """Remove a user with all tokens and with what was shared with them.

    Raises:
        NotFoundError: there is none of that name.
        ConflictError: it is the first admin, or owns datasets.
    """
    user = named(db, name)
    if user.id == admin(db).id:
        raise ConflictError(f"{name!r} is the admin that the platform begins with, who stays")
    owned = db.scalar(select(func.count()).select_from(datasets).where(datasets.c.owner_id == user.id))
    if owned:
        raise ConflictError(f"{name!r} owns {owned} dataset{'s' if owned > 1 else ''}: delete them first")
    db.execute(delete(table).where(table.c.id == user.id))


def _as_user(row: Row[Any]) -> User:
    return User(row.id, row.name, cast("Role", row.role), row.created_at)

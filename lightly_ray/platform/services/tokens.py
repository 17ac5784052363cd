"""Tokens: who may come in. The database keeps their SHA-256 alone.

A token holds 192 random bits, so a plain hash is enough (nothing can be guessed that a slow hash would
protect), and looking it up by its hash reveals nothing about other tokens, nor does the time that takes.
"""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, delete, or_, select
from sqlalchemy.exc import IntegrityError

from lightly_ray.data.atomic import atomic_write
from lightly_ray.errors import AuthenticationError, ConflictError, InvalidInputError, NotFoundError
from lightly_ray.platform import limits
from lightly_ray.platform.services import users
from lightly_ray.platform.services.users import User
from lightly_ray.platform.storage.database import Database
from lightly_ray.platform.storage.ids import new_id, now
from lightly_ray.platform.storage.schema import tokens
from lightly_ray.platform.storage.schema import users as user_rows

_ADMIN = "admin"
_DAY = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token.

    Attributes:
        id: as sign-ins name it.
        name: as people name it; unique among those of its user.
        user: whose it is.
        created_at: unix milliseconds.
        expires_at: from then on it is worth nothing; None: it does not expire.
        last_used_at: to the minute, None where it never was.
    """

    id: str
    name: str
    user: User
    created_at: int
    expires_at: int | None
    last_used_at: int | None


def create(db: Connection, user: User, name: str, *, days: float | None = None) -> str:
    """Make a token. What is returned is its only copy.

    Args:
        db: a transaction.
        user: whose it will be.
        name: as people name it.
        days: after which it expires; None: it does not.

    Raises:
        ConflictError: the user has a token of that name.
        InvalidInputError: it is no name, or the days are none.
    """
    limits.token_name(name)
    if days is not None and not 0 < days <= limits.TOKEN_DAYS:
        raise InvalidInputError(f"a token expires after more than 0 and at most {limits.TOKEN_DAYS} days, got {days:g}")
    taken = ConflictError(f"{user.name!r} has a token named {name!r} already")
    if db.scalar(select(tokens.c.id).where(*_is(user, name))) is not None:
        raise taken
    token, at = secrets.token_hex(24), now()
    values = {"user_id": user.id, "name": name, "created_at": at}
    expires_at = None if days is None else at + round(days * _DAY)
    try:
        db.execute(tokens.insert().values(id=new_id(), digest=digest_of(token), expires_at=expires_at, **values))
    except IntegrityError as error:  # on PostgreSQL, another client took the name in the meantime
        raise taken from error
    return token


def revoke(db: Connection, user: User, name: str) -> None:
    """Make a token worthless from now on.

    Raises:
        NotFoundError: the user has none of that name.
    """
    if not db.execute(delete(tokens).where(*_is(user, name))).rowcount:
        raise NotFoundError(f"{user.name!r} has no token named {name[:100]!r}")


def listing(db: Connection, user: User | None = None) -> list[Token]:
    """The tokens of a user, or of all, in the order of their names."""
    query = _known().order_by(tokens.c.name, user_rows.c.name)
    return [_as_token(row) for row in db.execute(query if user is None else query.where(tokens.c.user_id == user.id))]


def check(db: Connection, token: str | None) -> Token:
    """Let a valid token pass; what is known of it.

    Raises:
        AuthenticationError: it is missing, unknown or expired.
    """
    if not token:
        raise AuthenticationError("this request needs a token: ?token=... or Authorization: Bearer ...")
    row = db.execute(_BY_DIGEST, {"digest": digest_of(token)}).one_or_none()
    if row is None:
        raise AuthenticationError("the token is not valid on this server")
    found = _as_token(row)
    if found.expires_at is not None and found.expires_at <= now():
        raise AuthenticationError(f"the token {found.name!r} has expired: make a new one")
    return found


def of_id(db: Connection, token_id: str | None) -> Token | None:
    """The token of that id, None where it is revoked or has expired."""
    row = db.execute(_known().where(tokens.c.id == token_id, alive())).one_or_none()
    return None if row is None else _as_token(row)


def alive() -> ColumnElement[bool]:
    """That a row of tokens has not expired."""
    return or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now())


def ensure_admin(database: Database, path: Path) -> str | None:
    """Make the admin's token if there is none that works, and keep it in a file that only its owner reads.

    Args:
        database: migrated.
        path: the file.

    Returns:
        The token where it was made just now, None where the file already holds a working one.
    """
    with database.write(alone=True) as db:
        if path.exists() and _works(db, path.read_text().strip()):
            return None
        admin = users.admin(db)
        if db.scalar(select(tokens.c.id).where(*_is(admin, _ADMIN))) is not None and not path.exists():
            # Another server on this database, with a folder of its own, holds the admin token.
            token = create(db, admin, f"{_ADMIN}-{new_id()}")
        else:
            db.execute(delete(tokens).where(*_is(admin, _ADMIN)))
            token = create(db, admin, _ADMIN)
        # Written before the commit: a file without its row is replaced by the next start, a row
        # without its file could never be used.
        with atomic_write(path, mode=0o600) as file:
            file.write(f"{token}\n".encode())
        return token


def digest_of(token: str) -> str:
    """What the database keeps of a secret of ours, 64 hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()


def _works(db: Connection, token: str) -> bool:
    return db.scalar(select(tokens.c.id).where(tokens.c.digest == digest_of(token), alive())) is not None


def _is(user: User, name: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return tokens.c.user_id == user.id, tokens.c.name == name


def _known() -> Select[Any]:
    of_user = (user_rows.c[name].label(f"user_{name}") for name in ("name", "role", "created_at"))
    columns = (tokens.c[name] for name in ("id", "name", "user_id", "created_at", "expires_at", "last_used_at"))
    return select(*columns, *of_user).join(user_rows, user_rows.c.id == tokens.c.user_id)


def _as_token(row: Row[Any]) -> Token:
    user = User(row.user_id, row.user_name, row.user_role, row.user_created_at)
    return Token(row.id, row.name, user, row.created_at, row.expires_at, row.last_used_at)


# Every request asks this one: put together once, it takes half the time.
_BY_DIGEST = _known().where(tokens.c.digest == bindparam("digest"))

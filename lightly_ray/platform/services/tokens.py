"""Tokens: who may come in. The database keeps their SHA-256 alone.

A token holds 192 random bits, so a plain hash is enough (nothing can be guessed that a slow hash would
protect), and looking it up by its hash reveals nothing about other tokens.
"""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, delete, select

from lightly_ray.data.atomic import atomic_write
from lightly_ray.errors import AuthenticationError, ConflictError, InvalidInputError
from lightly_ray.platform.storage.database import Database
from lightly_ray.platform.storage.ids import new_id, now
from lightly_ray.platform.storage.schema import tokens

ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token.

    Attributes:
        id: as sign-ins name it.
        name: as people name it.
        created_at: unix milliseconds.
    """

    id: str
    name: str
    created_at: int


def create(db: Connection, name: str) -> str:
    """Make a token. What is returned is its only copy.

    Raises:
        ConflictError: the name is taken.
    """
    if db.scalar(select(tokens.c.id).where(tokens.c.name == name)) is not None:
        raise ConflictError(f"there is already a token named {name!r}")
    token = secrets.token_hex(24)
    db.execute(tokens.insert().values(id=new_id(), name=name, digest=digest_of(token), created_at=now()))
    return token


def revoke(db: Connection, name: str) -> None:
    """Make a token worthless from now on.

    Raises:
        InvalidInputError: there is none of that name.
    """
    if not db.execute(delete(tokens).where(tokens.c.name == name)).rowcount:
        raise InvalidInputError(f"there is no token named {name!r}")


def names(db: Connection) -> list[str]:
    """The names of all tokens, in order."""
    return list(db.scalars(select(tokens.c.name).order_by(tokens.c.name)))


def listing(db: Connection) -> list[Token]:
    """All tokens, in the order of their names."""
    query = select(tokens.c.id, tokens.c.name, tokens.c.created_at).order_by(tokens.c.name)
    return [Token(*row) for row in db.execute(query)]


def check(db: Connection, token: str | None) -> Token:
    """Let a valid token pass; what is known of it.

    Raises:
        AuthenticationError: it is missing or unknown.
    """
    if not token:
        raise AuthenticationError("this request needs a token: ?token=... or Authorization: Bearer ...")
    query = select(tokens.c.id, tokens.c.name, tokens.c.created_at).where(tokens.c.digest == digest_of(token))
    row = db.execute(query).one_or_none()
    if row is None:
        raise AuthenticationError("the token is not valid on this server")
    return Token(*row)


def ensure_admin(database: Database, path: Path) -> str | None:
    """Make the admin token if there is none that works, and keep it in a file that only its owner reads.

    Args:
        database: migrated.
        path: the file.

    Returns:
        The token where it was made just now, None where the file already holds a working one.
    """
    with database.write(alone=True) as db:
        if path.exists() and _works(db, path.read_text().strip()):
            return None
        if db.scalar(select(tokens.c.id).where(tokens.c.name == ADMIN)) is not None and not path.exists():
            # Another server on this database, with a folder of its own, holds the admin token.
            token = create(db, f"{ADMIN}-{new_id()}")
        else:
            db.execute(delete(tokens).where(tokens.c.name == ADMIN))
            token = create(db, ADMIN)
        # Written before the commit: a file without its row is replaced by the next start, a row
        # without its file could never be used.
        with atomic_write(path, mode=0o600) as file:
            file.write(f"{token}\n".encode())
        return token


def _works(db: Connection, token: str) -> bool:
    return db.scalar(select(tokens.c.id).where(tokens.c.digest == digest_of(token))) is not None


def digest_of(token: str) -> str:
    """What the database keeps of a secret of ours, 64 hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()

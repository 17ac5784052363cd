"""`lightly-ray token` and `lightly-ray user`: who may come in, beside a server that runs or not."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import Connection

from lightly_ray.platform.context import Store
from lightly_ray.platform.services import tokens, users
from lightly_ray.platform.settings import TokenSettings, UserSettings
from lightly_ray.platform.storage.audit import Acting, acting
from lightly_ray.platform.storage.database import Database


def token(settings: TokenSettings) -> dict[str, object]:
    """Make, list or revoke tokens."""
    with closing(Store.open(settings).database) as database:
        if settings.create is not None:
            with _changing(database, "create token", settings.create) as db:
                user = _owner(db, settings.user)
                made = tokens.create(db, user, settings.create, days=settings.days)
            return {"name": settings.create, "user": user.name, "token": made}
        if settings.revoke is not None:
            with _changing(database, "revoke token", settings.revoke) as db:
                user = _owner(db, settings.user)
                tokens.revoke(db, user, settings.revoke)
            return {"revoked": settings.revoke, "user": user.name}
        with database.read() as db:
            of = None if settings.user is None else users.named(db, settings.user)
            return {"tokens": [_shown(one) for one in tokens.listing(db, of)]}


def user(settings: UserSettings) -> dict[str, object]:
    """Make, list or remove users."""
    with closing(Store.open(settings).database) as database:
        if settings.create is not None:
            with _changing(database, "create user", settings.create) as db:
                made = users.create(db, settings.create, settings.role)
            return {"name": made.name, "role": made.role}
        if settings.remove is not None:
            with _changing(database, "remove user", settings.remove) as db:
                users.remove(db, settings.remove)
            return {"removed": settings.remove}
        with database.read() as db:
            return {"users": [{"name": one.name, "role": one.role} for one in users.listing(db)]}


@contextmanager
def _changing(database: Database, action: str, subject: str) -> Iterator[Connection]:
    with acting(Acting("command line", action, subject=subject)), database.write(alone=True) as db:
        yield db


def _owner(db: Connection, name: str | None) -> users.User:
    return users.admin(db) if name is None else users.named(db, name)


def _shown(one: tokens.Token) -> dict[str, object]:
    times = {"created_at": one.created_at, "expires_at": one.expires_at, "last_used_at": one.last_used_at}
    return {"name": one.name, "user": one.user.name, **times}

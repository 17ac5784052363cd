"""`lightly-ray token` and `lightly-ray user`: who may come in, beside a server that runs or not."""

from contextlib import closing

from lightly_ray.platform.context import Store
from lightly_ray.platform.services import tokens, users
from lightly_ray.platform.settings import TokenSettings, UserSettings
from lightly_ray.platform.storage.audit import Acting, acting

_WHO = "command line"


def token(settings: TokenSettings) -> dict[str, object]:
    """Make, list or revoke tokens."""
    with closing(Store.open(settings).database) as database:
        if settings.create is not None:
            with acting(Acting(_WHO, "create token", subject=settings.create)), database.write(alone=True) as db:
                user = users.admin(db) if settings.user is None else users.named(db, settings.user)
                made = tokens.create(db, user, settings.create, days=settings.days)
            return {"name": settings.create, "user": user.name, "token": made}
        if settings.revoke is not None:
            with acting(Acting(_WHO, "revoke token", subject=settings.revoke)), database.write(alone=True) as db:
                user = users.admin(db) if settings.user is None else users.named(db, settings.user)
                tokens.revoke(db, user, settings.revoke)
            return {"revoked": settings.revoke, "user": user.name}
        with database.read() as db:
            of = None if settings.user is None else users.named(db, settings.user)
            return {"tokens": [_shown(one) for one in tokens.listing(db, of)]}


def user(settings: UserSettings) -> dict[str, object]:
    """Make, list or remove users."""
    with closing(Store.open(settings).database) as database:
        if settings.create is not None:
            with acting(Acting(_WHO, "create user", subject=settings.create)), database.write(alone=True) as db:
                made = users.create(db, settings.create, settings.role)
            return {"name": made.name, "role": made.role}
        if settings.remove is not None:
            with acting(Acting(_WHO, "remove user", subject=settings.remove)), database.write(alone=True) as db:
                users.remove(db, settings.remove)
            return {"removed": settings.remove}
        with database.read() as db:
            return {"users": [{"name": one.name, "role": one.role} for one in users.listing(db)]}


def _shown(one: tokens.Token) -> dict[str, object]:
    times = {"created_at": one.created_at, "expires_at": one.expires_at, "last_used_at": one.last_used_at}
    return {"name": one.name, "user": one.user.name, **times}

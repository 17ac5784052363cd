"""`lightly-ray token`: make, list and revoke tokens, beside a server that runs or not."""

from lightly_ray.platform.context import Store
from lightly_ray.platform.services import tokens
from lightly_ray.platform.settings import TokenSettings


def token(settings: TokenSettings) -> dict[str, object]:
    """Make, list or revoke tokens."""
    store = Store.open(settings)
    with store.database.write(alone=True) as db:
        if settings.create is not None:
            return {"name": settings.create, "token": tokens.create(db, settings.create)}
        if settings.revoke is not None:
            tokens.revoke(db, settings.revoke)
            return {"revoked": settings.revoke}
        return {"tokens": tokens.names(db)}

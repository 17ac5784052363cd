"""What `lightly-ray serve | worker | token` do."""

import sys

from lightly_ray.platform import server, tokens
from lightly_ray.platform.jobs.worker import Worker
from lightly_ray.platform.log import configure
from lightly_ray.platform.parts import Store
from lightly_ray.platform.settings import ServeSettings, TokenSettings, WorkerSettings


def serve(settings: ServeSettings) -> None:
    """Serve until interrupted."""
    server.serve(settings)


def work(settings: WorkerSettings) -> None:
    """Run jobs until interrupted."""
    configure(settings.log)
    sys.stderr.write("waiting for jobs; stop with Ctrl-C\n")
    Worker(settings, Store.open(settings)).run()


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

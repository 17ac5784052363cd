"""What every route and job works with: the database, the blobs, the signer, the settings."""

import secrets
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection, select

from lightly_ray.platform.settings import ServeSettings, StoreSettings
from lightly_ray.platform.signing import Signer
from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.database import Database
from lightly_ray.platform.storage.ids import new_id
from lightly_ray.platform.storage.migrate import migrate
from lightly_ray.platform.storage.schema import server_state


@dataclass(frozen=True, slots=True)
class Store:
    """The database and the blobs: what a worker needs.

    Attributes:
        database: migrated.
        blobs: its files.
    """

    database: Database
    blobs: Blobs

    @classmethod
    def open(cls, settings: StoreSettings) -> Self:
        """Open, and bring the database to the newest schema."""
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        database = Database(settings.database_url)
        migrate(database)
        return cls(database, Blobs(settings.storage_root, settings.storage_endpoint))


@dataclass(frozen=True, slots=True)
class Platform:
    """A store and what serving it takes.

    Attributes:
        settings: as given.
        database, blobs: of the store.
        signer: signs upload and read URLs.
        user_id: the one user there is, as the protocol wants one.
    """

    settings: ServeSettings
    database: Database
    blobs: Blobs
    signer: Signer
    user_id: str

    @classmethod
    def open(cls, settings: ServeSettings) -> Self:
        """Open the store and read, or make, the secret that all servers on it share."""
        store = Store.open(settings)
        with store.database.write(alone=True) as db:
            secret = bytes.fromhex(_state(db, "signing_secret", secrets.token_hex(32)))
            user_id = _state(db, "user_id", new_id())
        return cls(settings, store.database, store.blobs, Signer(secret, settings.url_lifetime), user_id)


def _state(db: Connection, name: str, otherwise: str) -> str:
    value = db.scalar(select(server_state.c.value).where(server_state.c.name == name))
    if value is not None:
        return str(value)
    db.execute(server_state.insert().values(name=name, value=otherwise))
    return otherwise

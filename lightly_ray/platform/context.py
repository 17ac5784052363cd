"""What every route and job works with: the database, the blobs, the signer, the settings."""

import errno
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sqlalchemy import URL, Connection, select
from sqlalchemy.exc import DBAPIError

from lightly_ray.data.atomic import atomic_write
from lightly_ray.data.location import hide_credentials
from lightly_ray.errors import ConflictError, InvalidInputError, NotFoundError, UnavailableError
from lightly_ray.platform.settings import ServeSettings, StoreSettings
from lightly_ray.platform.signing import Signer
from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.database import Database
from lightly_ray.platform.storage.ids import new_id
from lightly_ray.platform.storage.last_use import LastUse
from lightly_ray.platform.storage.migrate import migrate, require_newest
from lightly_ray.platform.storage.schema import server_state

_DATABASE_FILE = "database"  # in data_dir: which database the platform of this folder has


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
        """Open, and bring the database to the newest schema.

        Raises:
            InvalidInputError: the folder or the storage cannot be used, or only be read.
            ConflictError: the platform of this folder keeps its data in another database.
            UnavailableError: the database cannot be reached, or is none.
        """
        with _usable(f"data_dir {str(settings.data_dir)!r}"):
            settings.data_dir.mkdir(parents=True, exist_ok=True)
            _require_writable(settings.data_dir)
            _require_same_database(settings)
        with _usable(f"storage {hide_credentials(settings.storage_root)!r}"):
            blobs = Blobs(settings.storage_root, settings.storage_endpoint)
            if blobs.is_local:  # a bucket says so when something is written
                _require_writable(Path(blobs.root))
        return cls(_prepared(settings, migrate), blobs)

    @classmethod
    def reach(cls, settings: StoreSettings) -> Self:
        """Open what is there already, and leave its schema as it is.

        Raises:
            NotFoundError: there is no platform.
            ConflictError: the platform of this folder keeps its data in another database, or has another schema.
            UnavailableError: the database cannot be reached, or is none.
        """
        url = settings.database_url
        if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
            raise NotFoundError(f"there is no platform in data_dir {str(settings.data_dir)!r}")
        with _usable(f"data_dir {str(settings.data_dir)!r}"):
            _require_same_database(settings)
        with _usable(f"storage {hide_credentials(settings.storage_root)!r}"):
            blobs = Blobs(settings.storage_root, settings.storage_endpoint)
        return cls(_prepared(settings, require_newest), blobs)


@dataclass(frozen=True, slots=True)
class Platform:
    """A store and what serving it takes.

    Attributes:
        settings: as given.
        database, blobs: of the store.
        signer: signs upload and read URLs.
        user_id: of the admin that it begins with, which no other platform has.
        last_use: of its tokens.
        deleted: set when a dataset was deleted, for who removes what it leaves.
    """

    settings: ServeSettings
    database: Database
    blobs: Blobs
    signer: Signer
    user_id: str
    last_use: LastUse
    deleted: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def open(cls, settings: ServeSettings) -> Self:
        """Open the store and read, or make, the secret that all servers on it share."""
        store = Store.open(settings)
        with store.database.write(alone=True) as db:
            secret = bytes.fromhex(_state(db, "signing_secret", secrets.token_hex(32)))
            user_id = _state(db, "user_id", new_id())
        return cls(
            settings,
            store.database,
            store.blobs,
            Signer(secret, settings.url_lifetime),
            user_id,
            LastUse(store.database),
        )


def _prepared(settings: StoreSettings, prepare: Callable[[Database], None]) -> Database:
    database = Database(settings.database_url)
    try:
        prepare(database)
    except DBAPIError as error:
        database.close()
        where = settings.database_url.render_as_string(hide_password=True)
        reason = " ".join(str(error.orig).split())[:300]
        raise UnavailableError(f"the database {where} cannot be used: {reason}") from error
    return database


@contextmanager
def _usable(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = "it is a file" if isinstance(error, FileExistsError) else error.strerror or str(error)
        raise InvalidInputError(f"{what} cannot be used: {reason}") from error


def _require_writable(folder: Path) -> None:
    # Asked of the system, not tried: it knows of a disk that is mounted read-only, for root too.
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OSError(errno.EROFS, "it can only be read")


def _require_same_database(settings: StoreSettings) -> None:
    """Refuse a database beside that of the platform of this folder: it would be an empty one, without a word."""
    note = settings.data_dir / _DATABASE_FILE
    # Without user and password, which may change and are nobody's business; SQLite in the folder moves with it.
    url = settings.database_url
    query = {name: value for name, value in url.query.items() if name in {"host", "port"}}
    place = URL.create(url.get_backend_name(), host=url.host, port=url.port, database=url.database, query=query)
    here = "sqlite" if settings.database is None else place.render_as_string()
    if not note.exists():
        with atomic_write(note) as file:
            file.write(f"{here}\n".encode())
    known = note.read_text("utf-8").strip()
    if known != here:
        raise ConflictError(
            f"the platform in {str(settings.data_dir)!r} keeps its data in {known}, not in {here}: give the setting "
            f"database as its server has it (or LIGHTLY_RAY_DATABASE), or another data_dir; where the data was moved, "
            f"delete {str(note)!r}"
        )


def _state(db: Connection, name: str, otherwise: str) -> str:
    value = db.scalar(select(server_state.c.value).where(server_state.c.name == name))
    if value is not None:
        return str(value)
    db.execute(server_state.insert().values(name=name, value=otherwise))
    return otherwise

"""`lightly-ray restore`: a backup as a platform, on SQLite or PostgreSQL, in a folder or a bucket.

The files first, then all rows in one transaction: what is broken off is no platform yet, and can be repeated.
"""

import json

from sqlalchemy import URL, Connection, func, select

from lightly_ray.errors import ConflictError, InvalidInputError
from lightly_ray.platform.context import Store
from lightly_ray.platform.settings import RestoreSettings
from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.database import Database
from lightly_ray.platform.storage.migrate import require_newest
from lightly_ray.platform.storage.schema import datasets
from lightly_ray.platform.upkeep.backup import BLOBS, DATABASE, SUMMARY
from lightly_ray.platform.upkeep.copying import copy_rows, count_rows
from lightly_ray.platform.upkeep.inventory import named


def restore(settings: RestoreSettings) -> dict[str, object]:
    """Fill a platform that has no dataset yet with what a backup holds, tokens included.

    Returns:
        What it holds: rows by table, files.

    Raises:
        InvalidInputError: there is no backup, or it is not complete.
        ConflictError: the platform has datasets, or the backup is of another version's schema.
    """
    folder = settings.backup
    try:
        summary = json.loads((folder / SUMMARY).read_text("utf-8"))
    except OSError as error:
        raise InvalidInputError(f"{str(folder)!r} is no backup: it has no {SUMMARY} ({error.strerror})") from error
    kept = Database(URL.create("sqlite", database=str(folder / DATABASE)))
    try:
        require_newest(kept)
        return _restored(settings, kept, set(summary["lost"]))
    finally:
        kept.close()


def _restored(settings: RestoreSettings, kept: Database, lost: set[str]) -> dict[str, object]:
    store = Store.open(settings)
    files = Blobs(str(settings.backup / BLOBS))
    try:
        with store.database.read() as db:
            _require_empty(db)
        with kept.read() as source:
            keys = {key for key, _ in named(source)} - lost
            for key in sorted(keys):
                with files.open(key) as file:
                    store.blobs.put(key, file)
            with store.database.write(alone=True) as db:
                _require_empty(db)
                copy_rows(source, db)
                rows = count_rows(db)
    finally:
        store.database.close()
    return {"restored": str(settings.data_dir), "rows": rows, "files": len(keys)}


def _require_empty(db: Connection) -> None:
    if db.scalar(select(func.count()).select_from(datasets)):
        raise ConflictError("the platform has datasets already: a backup is restored into an empty one")

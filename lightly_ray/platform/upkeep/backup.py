"""`lightly-ray backup`: one state of the platform as a folder, taken while it runs.

The rows are read first, in one transaction, then the files that they name: files are written before their row and
never changed, so all are there, but those whose row has gone meanwhile. A dataset that was deleted meanwhile is left
out; where another file is missing, the rows are read again.
"""

import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from lightly_ray import __version__
from lightly_ray.data.atomic import atomic_folder, atomic_write
from lightly_ray.errors import NotFoundError
from lightly_ray.platform.context import Store
from lightly_ray.platform.settings import BackupSettings
from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.database import Database
from lightly_ray.platform.storage.ids import now
from lightly_ray.platform.storage.migrate import head, migrate
from lightly_ray.platform.storage.store import datasets, deletions
from lightly_ray.platform.upkeep.copying import copy_rows, count_rows
from lightly_ray.platform.upkeep.inventory import named

DATABASE, BLOBS, SUMMARY = "database.sqlite", "blobs", "backup.json"
_LOOKS = 5  # at the rows; what is still missing then is missing in the platform


def backup(settings: BackupSettings) -> dict[str, object]:
    """Write a backup; it appears under its name when it is complete.

    Returns:
        What it holds: rows by table, files, their bytes, and those that the platform has lost.

    Raises:
        ConflictError: there is something under that name, or the platform has another version's schema.
        UnavailableError: database or storage cannot be reached.
    """
    store = Store.reach(settings)
    try:
        with atomic_folder(settings.to) as draft:
            shown = _filled(store, draft)
            with atomic_write(draft / SUMMARY) as file:
                file.write(json.dumps(shown, indent=2).encode())
    finally:
        store.database.close()
    return {"backup": str(settings.to), **shown}


def _filled(store: Store, draft: Path) -> dict[str, object]:
    copied = _Copied(Blobs(str(draft / BLOBS)))
    with closing(Database(URL.create("sqlite", database=str(draft / DATABASE)))) as kept:
        migrate(kept)
        for _ in range(_LOOKS):
            with store.database.read() as source, kept.write() as db:
                copy_rows(source, db)
            keys = _keys(kept)
            lost = copied.take(store.blobs, keys)
            if lost:
                _forget_deleted(store.database, kept, lost)
                keys = _keys(kept)
                lost = [key for key in lost if key in keys]
            if not lost:
                break
        with kept.read() as db:
            rows = count_rows(db)
    copied.drop(keep=keys)
    shown = {"made_at": now(), "version": __version__, "schema": head(), "rows": rows}
    return {**shown, "files": len(copied.sizes), "bytes": sum(copied.sizes.values()), "lost": lost}


def _keys(database: Database) -> set[str]:
    with database.read() as db:
        return {key for key, _ in named(db)}


def _forget_deleted(platform: Database, kept: Database, missing: list[str]) -> None:
    """Remove from the backup the datasets whose files are missing because they have been deleted meanwhile."""
    ids = {key.split("/")[1] for key in missing if key.startswith("datasets/")}
    with platform.read() as db:
        gone = sorted(one for one in ids if not datasets.is_there(db, one))
    with kept.write() as db:
        for dataset_id in gone:
            deletions.begin(db, dataset_id)


@dataclass
class _Copied:
    """Files that are in the backup, and their sizes in bytes."""

    target: Blobs

    def __post_init__(self) -> None:
        self.sizes: dict[str, int] = {}

    def take(self, source: Blobs, keys: set[str]) -> list[str]:
        """Copy those that are not there yet; return those that the source does not have."""
        missing = []
        for key in sorted(keys - self.sizes.keys()):
            try:
                with source.open(key) as file:
                    self.target.put(key, file)
                    self.sizes[key] = file.tell()
            except NotFoundError:
                missing.append(key)
        return missing

    def drop(self, *, keep: set[str]) -> None:
        """Remove what an earlier look has brought."""
        for key in self.sizes.keys() - keep:
            self.target.delete(key)
            del self.sizes[key]

"""Migrations: they build what the schema says, once, also when two servers start together."""

import threading
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from lightly_ray.errors import ConflictError
from lightly_ray.platform.settings import StoreSettings
from lightly_ray.platform.storage.database import Database
from lightly_ray.platform.storage.migrate import _upgrade, migrate
from lightly_ray.platform.storage.schema import metadata
from lightly_ray.platform.storage.store import datasets, deletions
from tests.platform.conftest import NewDatabase


def test_migrate__builds_the_schema(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        for table in metadata.tables.values():
            found = inspect(connection).get_foreign_keys(table.name)
            cascades = {key["constrained_columns"][0]: key["options"].get("ondelete") for key in found}
            declared = {key.parent.name: key.ondelete for key in table.foreign_keys}
            assert cascades == declared


def test_migrate__again_is_harmless(database: Database) -> None:
    migrate(database)
    with database.read() as db:
        assert db.scalar(text("SELECT count(*) FROM alembic_version")) == 1


def test_migrate__two_at_once(new_database: NewDatabase, tmp_path: Path) -> None:
    url = StoreSettings(data_dir=tmp_path, database=new_database()).database_url
    databases = [Database(url) for _ in range(3)]
    failed: list[BaseException] = []
    ready = threading.Barrier(len(databases))

    def _run(database: Database) -> None:
        ready.wait()
        try:
            migrate(database)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=_run, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in databases:
        database.close()
    assert failed == []


def test_migrate__database_of_a_newer_version(database: Database) -> None:
    with database.write() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConflictError, match="newer"):
        migrate(database)


def test_migrate__keeps_what_an_older_version_stored(new_database: NewDatabase, tmp_path: Path) -> None:
    database = Database(StoreSettings(data_dir=tmp_path, database=new_database()).database_url)
    dataset: dict[str, Any] = {"id": "d" * 24, "name": "old", "type": "Images", "total": 3, "n_samples": 3}
    with database.write() as db:
        _upgrade(db, "0001")
        assert not inspect(db).has_table("sign_ins")
        columns = ", ".join([*dataset, "created_at", "last_modified_at"])
        marks = ", ".join(f":{name}" for name in dataset)
        db.execute(text(f"INSERT INTO datasets ({columns}) VALUES ({marks}, 5, 6)"), dataset)
    migrate(database)
    with database.read() as db:
        stored = datasets.read(db, dataset["id"])
    database.close()
    assert (stored.name, stored.total, stored.last_modified_at, stored.changes) == ("old", 3, 6, 0)


def test_migrate__counts_the_bytes_of_files_and_lets_samples_outlive_their_dataset(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    database = Database(StoreSettings(data_dir=tmp_path, database=new_database()).database_url)
    with database.write() as db:
        _upgrade(db, "0005")
        for dataset in ("d", "e"):
            values: dict[str, Any] = {"id": dataset * 24, "name": dataset * 3}
            columns = "id, name, type, total, n_samples, created_at, last_modified_at"
            db.execute(text(f"INSERT INTO datasets ({columns}) VALUES (:id, :name, 'Images', 0, 3, 1, 1)"), values)
        for name, full, thumb in (("a", 5, 70), ("b", None, 300), ("c", None, None)):
            values = {"id": name * 24, "dataset": "d" * 24, "name": name, "full": full, "thumb": thumb}
            columns = "id, dataset_id, file_name, full_bytes, thumb_bytes, full_expected, created_at, last_modified_at"
            places = ":id, :dataset, :name, :full, :thumb, false, 1, 1"
            db.execute(text(f"INSERT INTO samples ({columns}) VALUES ({places})"), values)
    migrate(database)
    with database.write() as db:
        sizes = [datasets.read(db, one * 24).size_in_bytes for one in ("d", "e")]
        deletions.begin(db, "d" * 24)
        names = db.scalars(text("SELECT file_name FROM samples ORDER BY file_name")).all()
    database.close()
    assert (sizes, names) == ([375, 0], ["a", "b", "c"])

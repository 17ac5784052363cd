"""Transactions: whole or not at all, foreign keys on every connection, writers one after another."""

import threading

import pytest
from sqlalchemy import func, select, true
from sqlalchemy.exc import IntegrityError

from lightly_ray.bitmask import BitMask
from lightly_ray.platform.services import users
from lightly_ray.platform.storage.database import Database
from lightly_ray.platform.storage.ids import new_id
from lightly_ray.platform.storage.schema import datasets, tags
from lightly_ray.platform.storage.store import datasets as store


def test_write__rolls_back_on_any_error(database: Database) -> None:
    def _fail() -> None:
        with database.write() as db:
            store.create(db, users.admin(db).id, "half made")
            raise KeyError

    with pytest.raises(KeyError):
        _fail()
    with database.read() as db:
        assert store.listing(db, true()) == []


def test_write__foreign_keys_hold_on_every_connection(database: Database) -> None:
    values: dict[str, object] = {
        "id": new_id(),
        "dataset_id": new_id(),
        "name": "orphan",
        "mask": BitMask.from_hex("0x1"),
        "creator": "X",
    }
    values |= {"created_at": 0, "last_modified_at": 0, "provenance": {}}
    for _ in range(3):
        with pytest.raises(IntegrityError), database.write() as db:
            db.execute(tags.insert().values(**values))


def test_read__sees_one_state(database: Database) -> None:
    with database.read() as reader:
        before = reader.scalar(select(func.count()).select_from(datasets))
        with database.write() as db:
            store.create(db, users.admin(db).id, "meanwhile")
        assert reader.scalar(select(func.count()).select_from(datasets)) == before
    with database.read() as reader:
        assert len(store.listing(reader, true())) == 1


def test_write__many_threads_read_then_write(database: Database) -> None:
    with database.write() as db:
        dataset_id = store.create(db, users.admin(db).id, "counter")

    def _count() -> None:
        for _ in range(10):
            with database.write() as db:
                total = store.lock(db, dataset_id).total
                store.change(db, dataset_id, total=total + 1)

    threads = [threading.Thread(target=_count) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as db:
        assert store.read(db, dataset_id).total == 60

"""Disks: what is named outlives a power cut, a full disk leaves nothing half made, a read-only one is said at start."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import Engine

from lightly_ray.api.api_workflow_client import ApiWorkflowClient
from lightly_ray.errors import ApiError, InvalidInputError
from lightly_ray.platform.context import Platform, Store
from lightly_ray.platform.settings import ServeSettings
from lightly_ray.platform.storage.database import Database
from lightly_ray.platform.storage.ids import new_id
from lightly_ray.platform.upkeep.inventory import named
from tests.conftest import missing
from tests.platform.conftest import NewDatabase, administering
from tests.platform.served import PNG, Api, Dataset, opened, over_http, until_gone


@contextmanager
def disk(folder: Path, size: str) -> Iterator[Path]:
    """A real disk of a few MiB, mounted at a new folder."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], capture_output=True, text=True, check=False
    )
    if done.returncode:
        missing("mount", done.stderr.strip())
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


class Durable:
    """Which files and folders would be there after a power cut: those whose content and name were synced."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._contents, self._names = set[int](), set[Path]()
        self.known, self.unsafe = set[str](), list[str]()
        sync = os.fsync

        def _sync(handle: int) -> None:
            sync(handle)
            path = Path(f"/proc/self/fd/{handle}").readlink()
            if path.is_dir():
                self._names |= set(path.iterdir())
            else:
                self._contents.add(os.fstat(handle).st_ino)

        monkeypatch.setattr(os, "fsync", _sync)

    def look(self, db: Connection, root: Path) -> None:
        """Before a commit: is all that it will name safe?"""
        for key in {key for key, _ in named(db)} - self.known:
            self.known.add(key)
            path = root / key
            folders = list(path.parents)[: len(Path(key).parts) - 1]
            if path.stat().st_ino not in self._contents or not {path, *folders} <= self._names:
                self.unsafe.append(key)


def test_power__files_are_synced_before_the_row_that_names_them(
    new_database: NewDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    durable = Durable(monkeypatch)
    begin = Database.write

    @contextmanager
    def _write(self: Database, *, alone: bool = False) -> Iterator[Connection]:
        with begin(self, alone=alone) as db:
            yield db
            durable.look(db, Path(platform.blobs.root))

    with opened(tmp_path / "data", new_database()) as platform, over_http(platform) as api:
        monkeypatch.setattr(Database, "write", _write)
        fill(api.dataset(3), tmp_path)
    assert durable.unsafe == []
    assert {key.split("/")[2] for key in durable.known} == {"samples", "scores", "embeddings", "labels", "predictions"}


def fill(dataset: Dataset, folder: Path) -> None:
    """One of each kind of file."""
    api, names = dataset.api, dataset.names()
    sample = api.get(f"{dataset.path}/samples")[0]["id"]
    for url in api.get(f"{dataset.path}/samples/{sample}/writeurls").values():
        assert api.session.put(url, data=PNG).ok
    parts: dict[str, Any] = {"samples": (None, json.dumps([{"fileName": names[1]}])), "full-0": ("x", PNG)}
    api.call("POST", f"{dataset.path}/samples/batch", files=parts)
    tag = dataset.tags()["initial-tag"]["id"]
    api.post(f"{dataset.path}/tags/{tag}/scores", {"scoreType": "margin", "scores": [0.5, 1, 0]})
    dataset.embed(np.eye(3))
    client = ApiWorkflowClient(api.token, dataset.id, server=api.url)
    labels = folder / "labels.csv"
    labels.write_text("filename,label\n" + "".join(f"{name},cat\n" for name in names))
    client.import_labels(labels)
    predicted = pa.table({"filename": names, "probabilities": [[0.25, 0.75]] * len(names)})
    client.upload_predictions("classification", predicted, "p")


def test_power__commits_are_synced(database: Database) -> None:
    with database.read() as db:
        if database.is_sqlite:
            assert db.scalar(text("PRAGMA synchronous")) == 2  # FULL: the log is synced at every commit
        else:
            assert db.scalar(text("SHOW synchronous_commit")) == "on"


def test_full__the_storage(new_database: NewDatabase, tmp_path: Path) -> None:
    with disk(tmp_path / "small", "4m") as small:
        settings = ServeSettings(data_dir=tmp_path / "data", database=new_database(), storage=str(small / "blobs"))
        platform = Platform.open(settings)
        with over_http(platform) as api:
            keeps, grows = api.dataset(3), api.dataset(3)
            fill(keeps, tmp_path)
            sent = [send(grows, number, 2**20) for number in range(1, 8)]
            assert 200 in sent[:2]
            assert sent[-3:] == [507, 507, 507]
            client = ApiWorkflowClient(api.token, grows.id, server=api.url)
            text = "storage is full: nothing of this request was kept, make room first"
            with pytest.raises(ApiError, match=text) as raised:
                client.transport.upload(write_url(grows, 1), PNG + bytes(2**20))
            assert raised.value.status == 507
            # Nothing half made, everything readable, room again after a deletion.
            check_whole(platform, api)
            assert keeps.names() == grows.names()
            api.call("DELETE", grows.path)
            until_gone(small / "blobs" / "datasets" / grows.id)
            assert send(keeps, 1, 2**20) == 200
            check_whole(platform, api)
        platform.database.close()


def write_url(dataset: Dataset, number: int) -> str:
    """Where a sample's image goes."""
    sample = dataset.api.get(f"{dataset.path}/samples")[number % 3]
    return str(dataset.api.get(f"{dataset.path}/samples/{sample['id']}/writeurl"))


def send(dataset: Dataset, number: int, size: int) -> int:
    """The status of an upload."""
    return int(dataset.api.session.put(write_url(dataset, number), data=PNG + bytes(size)).status_code)


def check_whole(platform: Platform, api: Api) -> None:
    """Every file that is named is there, and no draft of another."""
    root = Path(platform.blobs.root)
    with platform.database.read() as db:
        keys = {key for key, _ in named(db)}
    assert all((root / key).is_file() for key in keys)
    assert list(root.rglob(".*")) == []
    assert api.send("GET", "/readyz").ok


def test_full__the_database(tmp_path: Path) -> None:
    with opened(tmp_path, None) as platform, over_http(platform) as api:
        check_full(api, limited(platform.database.engine))


def test_full__the_disk_of_postgresql(postgresql_url: str, tmp_path: Path) -> None:
    # PostgreSQL runs as a user of its own, to whom pytest's folders are closed.
    with tempfile.TemporaryDirectory(prefix="lightly-ray-disk-") as folder:
        Path(folder).chmod(0o755)
        with (
            disk(Path(folder) / "small", "24m") as small,
            on_disk(postgresql_url, small) as url,
            opened(tmp_path, url) as platform,
            over_http(platform) as api,
        ):
            check_full(api, filled(small))


def check_full(api: Api, full: AbstractContextManager[None]) -> None:
    """What finds no room in the database is refused and leaves nothing; later there is room again."""
    dataset = api.dataset(3)
    before = api.get(dataset.path)
    with full:
        names = [f"{number:03d}{'x' * 240}" for number in range(250)]
        status, code, message = api.refused(
            "POST",
            f"{dataset.path}/samples/batch",
            files={"samples": (None, json.dumps([{"fileName": name} for name in names]))},
        )
        assert (status, code) == (507, "STORAGE_FULL")
        assert "the disk of the database is full" in message
        assert api.get(dataset.path) == before
    assert len(dataset.add(names)) == 250


@contextmanager
def limited(engine: Engine) -> Iterator[None]:
    """No connection of SQLite may make the database larger: it answers as on a full disk."""

    def _limit(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # that is: as many as there are

    event.listen(engine, "begin", _limit)
    try:
        yield
    finally:
        event.remove(engine, "begin", _limit)
        engine.dispose()


@contextmanager
def on_disk(server: str, folder: Path) -> Iterator[str]:
    """The URL of a new database whose tables lie in that folder."""
    name = f"test_{new_id()}"
    with administering(server) as connection:
        owner = Path(connection.scalar(text("SHOW data_directory")) or "").stat()
        os.chown(folder, owner.st_uid, owner.st_gid)
        connection.execute(text(f"CREATE TABLESPACE {name} LOCATION '{folder}'"))
        connection.execute(text(f"CREATE DATABASE {name} TABLESPACE {name}"))
        try:
            yield server.replace("/postgres?", f"/{name}?")
        finally:
            connection.execute(text(f"DROP DATABASE {name}"))
            connection.execute(text(f"DROP TABLESPACE {name}"))


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """A disk without a free byte."""
    with (folder / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(2**12))
    yield
    (folder / "filler").unlink()


def test_read_only__is_said_at_start(new_database: NewDatabase, tmp_path: Path) -> None:
    with disk(tmp_path / "small", "8m") as small:
        database = new_database()
        here = ServeSettings(data_dir=small / "data")
        files = ServeSettings(data_dir=tmp_path / "data", database=database, storage=str(small / "blobs"))
        for settings in (here, files):
            Store.open(settings).database.close()
        with read_only(small):
            for settings in (here, files, ServeSettings(data_dir=small / "new")):
                with pytest.raises(InvalidInputError, match=r"small/.* cannot be used: .*[Rr]ead") as raised:
                    Store.open(settings)
                assert "\n" not in str(raised.value)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", folder], check=True)

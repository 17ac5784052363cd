"""Backup, restore and check, on both databases, beside a server that works."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from sqlalchemy import Connection, update

from lightly_ray.bitmask import BitMask
from lightly_ray.errors import ConflictError, InvalidInputError, NotFoundError
from lightly_ray.platform.context import Platform
from lightly_ray.platform.settings import BackupSettings, CheckSettings, RestoreSettings, ServeSettings
from lightly_ray.platform.storage.schema import samples, tags
from lightly_ray.platform.upkeep import backup as backups
from lightly_ray.platform.upkeep.backup import backup
from lightly_ray.platform.upkeep.check import check
from lightly_ray.platform.upkeep.copying import copy_rows
from lightly_ray.platform.upkeep.restore import restore
from tests.conftest import in_full
from tests.platform.conftest import NewDatabase
from tests.platform.served import PNG, Api, Dataset, opened, over_http, serving, until_gone


@pytest.fixture
def settings(new_database: NewDatabase, tmp_path: Path) -> ServeSettings:
    """Of a platform of the test's own."""
    return ServeSettings(data_dir=tmp_path / "first", database=new_database())


@pytest.fixture
def filled(settings: ServeSettings) -> Any:
    """That platform, served, with a dataset that has one of each."""
    with opened(settings.data_dir, settings.database) as platform, over_http(platform) as api:
        yield api, platform


def fill(api: Api) -> Dataset:
    """A dataset with images, tags, scores, an embedding and a job that waits."""
    dataset = api.dataset(4)
    for sample in api.get(f"{dataset.path}/samples"):
        put_image(dataset, sample["id"], sample["fileName"])
    tag = dataset.tag("some", [0, 2])
    api.post(f"{dataset.path}/tags/{tag}/scores", {"scoreType": "margin", "scores": [0.5, 1]})
    dataset.sampling(dataset.embed(np.eye(4)), "chosen", "CORESET", 2)
    return dataset


def put_image(dataset: Dataset, sample: str, content: str) -> None:
    urls = dataset.api.get(f"{dataset.path}/samples/{sample}/writeurls")
    assert requests.put(urls["full"], data=PNG + content.encode(), timeout=60).ok


def shown(api: Api, dataset_id: str) -> list[Any]:
    """What the protocol tells of a dataset, times included."""
    dataset = Dataset(api, dataset_id)
    tags_shown = api.get(f"{dataset.path}/tags")
    everything = [api.get(dataset.path), api.get(f"{dataset.path}/samples"), tags_shown, api.get("/v1/jobs")]
    everything += [api.get(f"{dataset.path}/tags/{tag['id']}/scores") for tag in tags_shown]
    urls = [api.get(f"{dataset.path}/samples/{one['id']}/readurl", type="full") for one in everything[1]]
    return [*everything, *(requests.get(url, timeout=60).content for url in urls)]


def of(settings: ServeSettings) -> dict[str, Any]:
    return {"data_dir": settings.data_dir, "database": settings.database}


def test_restore__is_what_was_backed_up_whatever_the_database(
    filled: tuple[Api, Platform], settings: ServeSettings, tmp_path: Path, new_database: NewDatabase
) -> None:
    api, _ = filled
    dataset = fill(api)
    before = shown(api, dataset.id)
    backup(BackupSettings(**of(settings), to=tmp_path / "backup"))
    dataset.tag("later", [1])
    databases = [None, new_database()]  # of the other kind, where this is PostgreSQL
    for number, database in enumerate(databases):
        there = ServeSettings(data_dir=tmp_path / f"again-{number}", database=database)
        restore(RestoreSettings(**of(there), backup=tmp_path / "backup"))
        with opened(there.data_dir, there.database) as platform, serving(platform) as url:
            again = Api(url, api.token)
            assert shown(again, dataset.id) == before
            again.call("PUT", f"{dataset.path}/tags/{dataset.tags()['some']['id']}", json={"name": "renamed"})
        assert check(CheckSettings(**of(there)))["orphans"] == {"files": 0, "bytes": 0}
        with pytest.raises(ConflictError, match="has datasets already"):
            restore(RestoreSettings(**of(there), backup=tmp_path / "backup"))


def test_backup__taken_while_others_write_is_one_state(
    filled: tuple[Api, Platform], settings: ServeSettings, tmp_path: Path
) -> None:
    api, _ = filled
    fill(api)
    ending, faults = threading.Event(), list[Exception]()

    def _work() -> None:
        own = Api(api.url, api.token)
        try:
            while not ending.is_set():
                dataset = own.dataset(3)
                for sample in own.get(f"{dataset.path}/samples"):
                    put_image(dataset, sample["id"], "changing")
                dataset.tag("some", [0])
                own.call("DELETE", dataset.path)
        except Exception as error:
            faults.append(error)

    workers = [threading.Thread(target=_work) for _ in range(2)]
    for worker in workers:
        worker.start()
    try:
        for number in range(3):
            said = backup(BackupSettings(**of(settings), to=tmp_path / f"backup-{number}"))
            there = {"data_dir": tmp_path / f"again-{number}"}
            restore(RestoreSettings(**there, backup=tmp_path / f"backup-{number}"))
            assert said["lost"] == []
            check(CheckSettings(**there))
    finally:
        ending.set()
        for worker in workers:
            worker.join()
    assert not faults


def test_backup__a_dataset_deleted_meanwhile_is_left_out(
    filled: tuple[Api, Platform], settings: ServeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, platform = filled
    kept, deleted = fill(api), fill(api)

    def _copy_rows(source: Connection, target: Connection) -> None:
        copy_rows(source, target)
        folder = Path(platform.settings.data_dir) / "blobs" / "datasets" / deleted.id
        if folder.exists():
            api.call("DELETE", deleted.path)
            until_gone(folder)

    monkeypatch.setattr(backups, "copy_rows", _copy_rows)
    said = backup(BackupSettings(**of(settings), to=tmp_path / "backup"))
    assert said["lost"] == []
    there = {"data_dir": tmp_path / "again"}
    restore(RestoreSettings(**there, backup=tmp_path / "backup"))
    check(CheckSettings(**there))
    with opened(tmp_path / "again", None) as again, serving(again) as url:
        assert [one["id"] for one in Api(url, api.token).get("/v1/datasets")] == [kept.id]


@pytest.mark.full
@pytest.mark.parametrize("command", ["backup", in_full("restore")])
def test_killed__nothing_half_made_stays_and_it_can_be_repeated(
    filled: tuple[Api, Platform], settings: ServeSettings, tmp_path: Path, command: str
) -> None:
    api, _ = filled
    dataset = fill(api)
    kept, again = tmp_path / "backup", tmp_path / "again"
    words = [f"data_dir={settings.data_dir}", f"to={kept}"]
    words += [f"database={settings.database}"] if settings.database else []
    if command == "restore":
        backup(BackupSettings(**of(settings), to=kept))
        words = [f"data_dir={again}", f"backup={kept}"]
    # At every moment: the imports, the rows, the files, the end.
    for delay in np.linspace(0.6, 1.8, 4):
        with subprocess.Popen(
            [sys.executable, "-c", "from lightly_ray.cli import main; main()", command, *words],
            stdout=subprocess.DEVNULL,
        ) as process:
            time.sleep(delay)
            os.kill(process.pid, signal.SIGKILL)
        if command == "backup" and kept.exists():
            break
    if command == "backup" and not kept.exists():
        backup(BackupSettings(**of(settings), to=kept))
    with suppress(ConflictError):  # the last one was killed when it had all of it
        restore(RestoreSettings(data_dir=again, backup=kept))
    with opened(again, None) as platform, serving(platform) as url:
        assert shown(Api(url, api.token), dataset.id) == shown(api, dataset.id)


def test_backup__of_what_is_damaged_says_what_is_lost(
    filled: tuple[Api, Platform], settings: ServeSettings, tmp_path: Path
) -> None:
    api, platform = filled
    dataset = fill(api)
    with platform.database.read() as db:
        (key,) = db.scalars(samples.select().with_only_columns(samples.c.full_key).where(samples.c.row == 1))
    platform.blobs.delete(key)
    assert backup(BackupSettings(**of(settings), to=tmp_path / "backup"))["lost"] == [key]
    again = ServeSettings(data_dir=tmp_path / "again")
    restore(RestoreSettings(**of(again), backup=tmp_path / "backup"))
    with pytest.raises(ConflictError, match=f"samples .*: its file {key} is gone"):
        check(CheckSettings(**of(again)))
    assert dataset.names()


def test_backup_and_restore__what_cannot_be_is_one_clear_error(
    filled: tuple[Api, Platform], settings: ServeSettings, tmp_path: Path
) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(ConflictError, match="taken"):
        backup(BackupSettings(**of(settings), to=tmp_path / "taken"))
    with pytest.raises(NotFoundError, match="there is no platform in data_dir"):
        backup(BackupSettings(data_dir=tmp_path / "nowhere", to=tmp_path / "b"))
    with pytest.raises(NotFoundError, match="there is no platform in data_dir"):
        check(CheckSettings(data_dir=tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()
    with pytest.raises(InvalidInputError, match="is no backup"):
        restore(RestoreSettings(data_dir=tmp_path / "again", backup=tmp_path / "taken"))
    assert filled


def test_check__names_what_is_wrong(filled: tuple[Api, Platform], settings: ServeSettings) -> None:
    api, platform = filled
    dataset = fill(api)
    check(CheckSettings(**of(settings)))
    with platform.database.write() as db:
        (key,) = db.scalars(samples.select().with_only_columns(samples.c.full_key).where(samples.c.row == 0))
        db.execute(update(samples).where(samples.c.row == 0).values(full_bytes=1))
        db.execute(update(samples).where(samples.c.row == 3).values(row=7))
        db.execute(update(tags).where(tags.c.name == "some").values(mask=BitMask.from_rows(np.array([70]))))
    with pytest.raises(ConflictError) as caught:
        check(CheckSettings(**of(settings)))
    text = str(caught.value)
    assert text.startswith("5 things are wrong")
    for wrong in (
        f"its file {key} has",
        "bytes, it says",
        "rows up to 7",
        "its mask needs more",
        "2 values for 1 samples",
    ):
        assert wrong in text
    assert dataset.id


def test_check__sweeps_what_nothing_names_once_it_is_old(filled: tuple[Api, Platform], settings: ServeSettings) -> None:
    api, platform = filled
    dataset = fill(api)
    folder = Path(platform.blobs.root) / "datasets" / dataset.id
    named = sum(path.is_file() for path in folder.rglob("*"))
    strays = [folder / "scores" / "stray.npy", folder / "samples" / ".draft.0123", folder.parent / ("0" * 24) / "x"]
    made_again = folder / "reports" / "old.json"
    young = folder / "scores" / "young.npy"
    for path in (*strays, made_again, young):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")
        if path != young:
            os.utime(path, (time.time() - 7200,) * 2)
    assert check(CheckSettings(**of(settings)))["orphans"] == {"files": 3, "bytes": 15}
    assert all(path.exists() for path in strays)
    check(CheckSettings(**of(settings), repair="orphans"))
    assert not any(path.exists() for path in strays)
    assert sum(path.is_file() for path in folder.rglob("*")) == named + 2
    assert check(CheckSettings(**of(settings)))["orphans"] == {"files": 0, "bytes": 0}

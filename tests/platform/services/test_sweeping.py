"""Deletion: a dataset is gone with the answer, what it leaves is removed behind that, by whichever server is next."""

import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from lightly_ray.platform.context import Platform
from lightly_ray.platform.listening import listen
from lightly_ray.platform.services import sweeping
from lightly_ray.platform.storage.schema import audit as audit_table
from lightly_ray.platform.storage.schema import datasets as dataset_table
from lightly_ray.platform.storage.schema import deletions as deletion_table
from lightly_ray.platform.storage.schema import metadata, samples
from lightly_ray.platform.storage.store import deletions
from tests.platform.conftest import NewDatabase
from tests.platform.deadly import process, ready
from tests.platform.served import PNG, Api, Dataset, opened, over_http, serving


@pytest.fixture
def own(new_database: NewDatabase, tmp_path: Path) -> Iterator[Platform]:
    """A platform that nobody serves: nothing is swept but by the test."""
    with opened(tmp_path, new_database()) as platform:
        yield platform


def fill(api: Api, count: int = 5) -> Dataset:
    dataset = api.dataset(count)
    api.session.put(sample_url(dataset), data=PNG)
    tag = dataset.tag("some", [1, 3])
    api.post(f"{dataset.path}/tags/{tag}/scores", {"scoreType": "margin", "scores": [0.5, 1]})
    dataset.embed(np.eye(count))
    return dataset


def sample_url(dataset: Dataset, kind: str = "write") -> str:
    sample = dataset.api.get(f"{dataset.path}/samples")[0]["id"]
    return str(dataset.api.get(f"{dataset.path}/samples/{sample}/{kind}url"))


def begin(platform: Platform, dataset_id: str) -> None:
    """Delete as the answering transaction does, and tell no one."""
    with platform.database.write() as db:
        deletions.begin(db, dataset_id)


def left(platform: Platform, dataset_id: str) -> tuple[int, int]:
    """Rows in all tables that name a dataset, and its files."""
    count = 0
    with platform.database.read() as db:
        for table in metadata.sorted_tables:
            if table is audit_table:  # who has deleted it is known as long as the platform lives
                continue
            column = table.c.get("dataset_id", table.c.id if table is dataset_table else None)
            if column is not None:
                count += db.scalar(select(func.count()).where(column == dataset_id)) or 0
    folder = Path(platform.blobs.root) / "datasets" / dataset_id
    return count, sum(len(files) for _, _, files in os.walk(folder))  # which may be going away


def wait_until_swept(platform: Platform, dataset_id: str, server: "subprocess.Popen[bytes] | None" = None) -> None:
    """Until nothing is left, or the server that is at it has died."""
    until = time.monotonic() + 30
    while left(platform, dataset_id) != (0, 0) and (server is None or server.poll() is None):
        assert time.monotonic() < until, left(platform, dataset_id)
        time.sleep(0.02)


def test_delete__gone_for_every_reader_while_its_samples_are_there(api: Api, platform: Platform) -> None:
    dataset = fill(api)
    name = api.get(dataset.path)["name"]
    sample = api.get(f"{dataset.path}/samples")[0]["id"]
    read, write = sample_url(dataset, "read"), sample_url(dataset)
    known = {"dataset_id": dataset.id, "sample_id": sample, "tag_id": dataset.tags()["some"]["id"]}
    known["embedding_id"] = api.get(f"{dataset.path}/embeddings")[0]["id"]
    paths = api.get("/openapi.json")["paths"]
    inside = [path for path, methods in paths.items() if "{dataset_id}" in path and "get" in methods]
    asked = [re.sub(r"{(\w+)}", lambda it: known.get(it[1], "0" * 24), path) for path in inside]
    assert sum(api.send("GET", path).status_code < 400 for path in asked) > 15
    begin(platform, dataset.id)
    assert left(platform, dataset.id)[0] == 1 + 5
    answers = {path: api.send("GET", path).status_code for path in asked}
    assert {path: status for path, status in answers.items() if status not in {404, 422}} == {}
    assert api.refused("PUT", f"{dataset.path}/samples/{sample}", json={"metaData": {}})[0] == 404
    assert api.session.get(read).status_code == 404
    assert api.session.put(write, data=PNG).status_code == 404
    again = api.post("/v1/datasets", {"name": name})["id"]
    assert [one["id"] for one in api.get(f"/v1/datasets/query/name/{name}")] == [again]
    with platform.database.read() as db:
        assert db.scalar(select(func.count()).where(samples.c.dataset_id == dataset.id)) == 5
    platform.deleted.set()
    wait_until_swept(platform, dataset.id)


def test_delete__the_server_removes_what_is_left_and_nothing_else(api: Api, platform: Platform) -> None:
    gone, stays = fill(api), fill(api)
    before = left(platform, stays.id)
    api.call("DELETE", gone.path)
    wait_until_swept(platform, gone.id)
    assert left(platform, stays.id) == before


def test_sweep__in_parts_and_ends_between_them(own: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "_PART", 2)
    with over_http(own) as api:
        dataset = fill(api)
    files = left(own, dataset.id)[1]
    begin(own, dataset.id)
    with own.database.write() as db:
        assert deletions.remove_samples(db, dataset.id, 2) == 2
    ending = threading.Event()
    ending.set()
    sweeping.sweep(own, ending)
    assert left(own, dataset.id) == (1 + 3, files)
    sweeping.sweep(own, threading.Event())
    assert left(own, dataset.id) == (0, 0)


def test_sweep__two_servers_take_turns(own: Platform) -> None:
    if own.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    with over_http(own) as api:
        dataset = fill(api)
    begin(own, dataset.id)
    with own.database.write() as first:
        assert deletions.remove_samples(first, dataset.id, 2) == 2
        sweeping.sweep(own, threading.Event())
        assert left(own, dataset.id)[0] == 1 + 5
    sweeping.sweep(own, threading.Event())
    assert left(own, dataset.id) == (0, 0)


# The last one is more than a server has to do: its start, the parts, the files, the end.
@pytest.mark.parametrize("at", [14, *(pytest.param(at, marks=pytest.mark.full) for at in (*range(8, 14), 15, 16, 30))])
def test_killed__the_next_server_finishes(own: Platform, at: int) -> None:
    with over_http(own) as api:
        dataset = fill(api)
    begin(own, dataset.id)
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
    settings = own.settings.model_copy(update={"port": port, "workers": 0, "log": "error"})
    with process("serve", at, settings) as server:
        if ready(Api(f"http://127.0.0.1:{port}", api.token), server):
            wait_until_swept(own, dataset.id, server)
        killed = server.poll() is not None
    assert killed == (at < 30)
    with serving(own):
        wait_until_swept(own, dataset.id)
    with own.database.read() as db:
        assert not db.scalar(select(func.count()).select_from(deletion_table))

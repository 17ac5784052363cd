"""kill -9 at every write of a scripted session: nothing acknowledged is lost, nothing is half made.

One process is deadly (see `deadly`); when it dies, the session goes on with a healthy one on the same database and
storage, repeating the request that got no answer, as clients do. In the end everything must be there exactly once. Some
points run always, all of them in the full run.
"""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import psycopg
import pytest
import requests

from lightly_ray.parallel.selection.select import select
from lightly_ray.platform.context import Platform, Store
from lightly_ray.platform.jobs.worker import Worker
from lightly_ray.platform.listening import listen
from lightly_ray.platform.server import worker_settings
from lightly_ray.platform.storage.ids import new_id
from tests.platform.conftest import NewDatabase
from tests.platform.deadly import process, ready
from tests.platform.served import PNG, Api, Dataset, body, opened, over_http, read_csv

NAMES = [f"{letter}.png" for letter in "abcdefg"]
LATER = ["h.png", "i.png"]
VECTORS = np.random.default_rng(3).normal(size=(7, 2)).astype(np.float32)
SCORES = np.random.default_rng(4).random(7)
SAMPLE_OF_SERVER, SAMPLE_OF_WORKER = (4,), (8,)


@dataclass
class Session:
    """What a client does, and what must be there afterwards.

    Attributes:
        healthy: always answers.
        deadly: is asked first, while it lives.
    """

    healthy: Api
    deadly: Api | None = None
    name: str = field(default_factory=lambda: f"kill-{new_id()}")
    dataset_id: str = ""

    def run(self, wait: Callable[[Api, str], None]) -> None:
        """Everything, from the dataset to the second selection; ``wait`` sees to it that a job ends."""
        self.dataset_id = self.try_(self._dataset)
        for name in NAMES[:2]:
            self.try_(partial(self._one_by_one, name))
        self.try_(lambda it: self._batch(it, NAMES[2:]))
        self.try_(lambda it: self._accept(it, "tags/initial", {"imgType": "full"}, "TAG_INITIAL_EXISTS"))
        embedding = self.try_(lambda it: Dataset(it, self.dataset_id).embed(VECTORS))
        for name, method, count in (("first-query", "CORESET", 3), ("second-query", "CORAL", 5)):
            tags = Dataset(self.healthy, self.dataset_id).tags()
            query = tags["initial-tag"]["id"]
            if method == "CORAL":
                scores = {"scoreType": "uncertainty_margin", "scores": SCORES.tolist()}
                self.try_(lambda it: it.post(f"{self.path}/tags/{query}/scores", scores))  # noqa: B023
            more = {"preselectedTagId": tags["first-query"]["id"]} if method == "CORAL" else {}
            wanted = body(name, method, count, queryTagId=query, **more)
            job = self.try_(lambda it: it.post(f"{self.path}/embeddings/{embedding}/sampling", wanted))["jobId"]  # noqa: B023
            wait(self.healthy, job)
        self.try_(lambda it: self._batch(it, LATER))
        self.try_(lambda it: self._accept(it, "tags/upsize", {"upsizeTagName": "later"}, "TAG_NAME_EXISTS"))

    def check(self) -> None:
        """Everything is there, once, and whole."""
        dataset = Dataset(self.healthy, self.dataset_id)
        assert [one["id"] for one in self.healthy.get(f"/v1/datasets/query/name/{self.name}")] == [self.dataset_id]
        assert dataset.names() == NAMES + LATER
        for sample_id, name in zip(self.healthy.get(f"{self.path}/mappings", field="_id"), NAMES + LATER, strict=True):
            url = self.healthy.get(f"{self.path}/samples/{sample_id}/readurl", type="full")
            assert requests.get(url, timeout=9).content == PNG + name.encode()
        tags = dataset.tags()
        assert list(tags) == ["initial-tag", "first-query", "second-query", "later"]
        first = select(VECTORS, 3, "coreset", ids=NAMES, progress=False).ids
        second = select(VECTORS, 5, "coral", ids=NAMES, preselected=first, scores=SCORES, progress=False).ids
        for name, expected in (("first-query", first), ("second-query", second), ("later", LATER)):
            assert dataset.names_of(tags[name]["id"]) == sorted(expected)
        assert {tag["totSize"] for tag in tags.values()} == {9}
        assert tags["second-query"]["prevTagId"] == tags["first-query"]["id"]
        [embedding] = self.healthy.get(f"{self.path}/embeddings")
        url = self.healthy.get(f"{self.path}/embeddings/{embedding['id']}/readCSVUrl")
        names, vectors = read_csv(requests.get(url, timeout=9).text)
        assert names == NAMES
        np.testing.assert_array_equal(vectors, VECTORS)
        jobs = self.healthy.get("/v1/jobs", datasetId=self.dataset_id)
        assert [job["status"] for job in jobs] == ["FINISHED", "FINISHED"]

    @property
    def path(self) -> str:
        return f"/v1/datasets/{self.dataset_id}"

    def try_(self, step: Callable[[Api], Any]) -> Any:
        if self.deadly is not None:
            try:
                return step(self.deadly)
            except requests.ConnectionError:
                self.deadly = None
        return step(self.healthy)

    def _dataset(self, it: Api) -> str:
        answer = it.send("POST", "/v1/datasets", json={"name": self.name})
        if answer.status_code == 409:
            answer = it.send("GET", f"/v1/datasets/query/name/{self.name}")
            return str(answer.json()[0]["id"])
        return str(answer.json()["id"])

    def _one_by_one(self, name: str, it: Api) -> None:
        sample = it.post(f"{self.path}/samples", {"fileName": name, "thumbName": "t.webp"})["id"]
        for url in it.get(f"{self.path}/samples/{sample}/writeurls").values():
            done = requests.put(url, data=PNG + name.encode(), timeout=9)
            assert done.status_code == 200

    def _batch(self, it: Api, names: list[str]) -> None:
        parts: dict[str, Any] = {"samples": (None, json.dumps([{"fileName": name} for name in names]))}
        parts |= {f"full-{number}": ("x", PNG + name.encode()) for number, name in enumerate(names)}
        answers = it.call("POST", f"{self.path}/samples/batch", files=parts)
        assert [one["error"] for one in answers] == [None] * len(names)

    def _accept(self, it: Api, path: str, wanted: dict[str, Any], made_already: str) -> None:
        answer = it.send("POST", f"{self.path}/{path}", json=wanted)
        assert answer.ok or answer.json()["code"] == made_already, answer.text


# A platform of its own: the worker that other tests share would take the jobs before the deadly one does.
@pytest.fixture(scope="module")
def platform(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with opened(tmp_path_factory.mktemp("data"), new_database()) as platform:
        yield platform


@pytest.fixture(scope="module")
def api(platform: Platform) -> Iterator[Api]:
    with over_http(platform) as api:
        yield api


@pytest.fixture(scope="module")
def helper(platform: Platform) -> Iterator[Worker]:
    """A healthy worker that works when a test tells it to."""
    worker = Worker(worker_settings(platform.settings), Store(platform.database, platform.blobs))
    yield worker
    worker.runner.kill()


def work(helper: Worker, api: Api, job_id: str) -> None:
    """Let the healthy worker run what there is until a job has ended."""
    until = time.monotonic() + 60
    while api.get(f"/v1/jobs/{job_id}")["status"] in {"WAITING", "RUNNING"}:
        assert time.monotonic() < until
        if not helper.step():
            time.sleep(0.05)


def killed_server(platform: Platform, api: Api, helper: Worker, at: int) -> bool:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
    settings = platform.settings.model_copy(update={"port": port, "workers": 0, "log": "error"})
    with process("serve", at, settings) as server:
        victim = Api(f"http://127.0.0.1:{port}", api.token)
        session = Session(api, victim if ready(victim, server) else None)
        session.run(lambda it, job: work(helper, it, job))
        died = server.poll() is not None
    session.check()
    return died


def killed_worker(platform: Platform, api: Api, helper: Worker, at: int) -> bool:
    settings = worker_settings(platform.settings).model_copy(update={"lease": 0.5, "log": "error"})
    with process("worker", at, settings) as victim:

        def _wait(it: Api, job_id: str) -> None:
            until = time.monotonic() + 60
            while victim.poll() is None and it.get(f"/v1/jobs/{job_id}")["status"] in {"WAITING", "RUNNING"}:
                assert time.monotonic() < until
                time.sleep(0.05)
            work(helper, it, job_id)

        session = Session(api)
        session.run(_wait)
        died = victim.poll() is not None
    session.check()
    return died


@pytest.mark.parametrize("at", SAMPLE_OF_SERVER)
def test_kill__server_at_some_writes(platform: Platform, api: Api, helper: Worker, at: int) -> None:
    assert killed_server(platform, api, helper, at)


@pytest.mark.parametrize("at", SAMPLE_OF_WORKER)
def test_kill__worker_at_some_writes(platform: Platform, api: Api, helper: Worker, at: int) -> None:
    assert killed_worker(platform, api, helper, at)


@pytest.mark.full
@pytest.mark.parametrize("kill", [killed_server, killed_worker])
def test_kill__at_every_write(
    platform: Platform, api: Api, helper: Worker, kill: Callable[[Platform, Api, Worker, int], bool]
) -> None:
    deaths = next(at for at in itertools.count(1) if not kill(platform, api, helper, at)) - 1
    assert deaths >= (70 if kill is killed_server else 14)


def test_lost_database__every_connection_again_and_again(platform: Platform, api: Api, helper: Worker) -> None:
    session = Session(api)
    whole = session.try_

    def _try(step: Callable[[Api], Any]) -> Any:
        cut(platform)
        return whole(step)

    def _wait(it: Api, job_id: str) -> None:
        cut(platform)
        work(helper, it, job_id)

    session.try_ = _try  # type: ignore[method-assign]
    session.run(_wait)
    cut(platform)
    session.check()


def cut(platform: Platform) -> None:
    """Close all connections: from the server's side, or what comes nearest to it on SQLite."""
    if platform.database.is_sqlite:
        platform.database.engine.dispose()
        return
    url = platform.settings.database_url.set(drivername="postgresql").render_as_string(hide_password=False)
    others = "pid <> pg_backend_pid() AND datname = current_database()"
    with psycopg.connect(url) as connection:
        connection.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}")

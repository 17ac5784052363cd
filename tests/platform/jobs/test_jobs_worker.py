"""The worker: what it does when its runner dies, a job is cancelled, or it is itself too late."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from lightly_ray.platform.context import Platform, Store
from lightly_ray.platform.jobs.worker import Worker
from lightly_ray.platform.services import tokens, users
from lightly_ray.platform.settings import ServeSettings, WorkerSettings
from lightly_ray.platform.storage.store import jobs
from tests.platform.served import Api, Dataset, ended, serving

MANY = np.random.default_rng(0).normal(size=(1_500, 20)).astype(np.float32)


@pytest.fixture
def dataset(tmp_path: Path) -> Iterator[Dataset]:
    platform = Platform.open(ServeSettings(data_dir=tmp_path))
    with platform.database.write() as db:
        token = tokens.create(db, users.admin(db), "tests")
    with serving(platform) as url:
        dataset = Api(url, token).dataset()
        for start in range(0, len(MANY), 250):
            dataset.add([f"{number:05d}.png" for number in range(start, start + 250)])
        dataset.tag_all()
        yield dataset
    platform.database.close()


@pytest.fixture
def worker(dataset: Dataset, tmp_path: Path) -> Iterator[Worker]:
    settings = WorkerSettings(data_dir=tmp_path, lease=0.5)
    worker = Worker(settings, Store.open(settings))
    yield worker
    worker.runner.kill()
    worker.store.database.close()


def in_thread(worker: Worker) -> threading.Thread:
    thread = threading.Thread(target=worker.run)
    thread.start()
    return thread


def runner_pid(worker: Worker) -> int:
    process = worker.runner._process  # by the worker itself: other tests of this process may have runners too
    assert process is not None
    return process.pid


def running(dataset: Dataset, job_id: str) -> None:
    until = time.monotonic() + 20
    while dataset.api.get(f"/v1/jobs/{job_id}")["status"] != "RUNNING":
        assert time.monotonic() < until
        time.sleep(0.02)


def slow_job(dataset: Dataset) -> str:
    """A job of some seconds at least."""
    path = f"{dataset.path}/embeddings/{dataset.embed(MANY)}/trigger2dEmbeddingsJob"
    return str(dataset.api.post(path, {"dimensionalityReductionMethod": "TSNE"})["jobId"])


def test_run__cancelled_job_stops_at_once(dataset: Dataset, worker: Worker) -> None:
    thread = in_thread(worker)
    job = slow_job(dataset)
    running(dataset, job)
    busy = runner_pid(worker)
    assert dataset.api.post(f"/v1/jobs/{job}/cancel", {})["status"] == "RUNNING"
    shown = ended(dataset.api, job)
    assert (shown["status"], shown["error"]) == ("FAILED", jobs.CANCELLED)
    worker.stopping.set()
    thread.join()
    assert not psutil.pid_exists(busy)


def test_run__killed_runner_costs_one_attempt(dataset: Dataset, worker: Worker) -> None:
    thread = in_thread(worker)
    job = dataset.sampling(dataset.embed(MANY), "wanted", "CORESET", 900)
    running(dataset, job)
    os.kill(runner_pid(worker), signal.SIGKILL)
    assert ended(dataset.api, job)["status"] == "FINISHED"
    worker.stopping.set()
    thread.join()
    assert list(dataset.tags()) == ["initial-tag", "wanted"]


def test_run__stopped_worker_gives_its_job_back(dataset: Dataset, worker: Worker) -> None:
    thread = in_thread(worker)
    job = slow_job(dataset)
    running(dataset, job)
    worker.stopping.set()
    thread.join()
    with worker.store.database.read() as db:
        seen = jobs.read(db, job)
    assert (seen.status, seen.attempts) == ("WAITING", 0)


def test_step__outcome_of_a_job_that_was_taken_over_is_dropped(dataset: Dataset, worker: Worker) -> None:
    job_id = dataset.sampling(dataset.embed(MANY), "wanted", "CORESET", 40)
    with worker.store.database.write() as db:
        late = jobs.claim(db, "late", 1)
    time.sleep(0.005)
    assert late is not None
    assert worker.step()  # the lease is over: this worker runs it
    assert ended(dataset.api, job_id)["status"] == "FINISHED"
    first = dataset.tags()["wanted"]["id"]
    worker.runner.submit(late)
    worker._conclude(late, worker._watch(late))
    assert dataset.tags()["wanted"]["id"] == first
    assert len(dataset.tags()) == 2


def test_step__deleted_dataset(dataset: Dataset, worker: Worker) -> None:
    dataset.sampling(dataset.embed(MANY), "wanted", "CORESET", 40)
    with worker.store.database.write() as db:
        job = jobs.claim(db, "w", 60_000)
    assert job is not None
    worker.runner.submit(job)
    outcome = worker._watch(job)
    dataset.api.call("DELETE", dataset.path, json={})
    worker._conclude(job, outcome)
    assert not worker.step()

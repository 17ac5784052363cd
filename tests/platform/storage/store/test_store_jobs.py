"""The queue: claimed once, kept alive by a lease, ended once."""

import time

import pytest

from lightly_ray.platform.services import users
from lightly_ray.platform.storage.database import Database
from lightly_ray.platform.storage.store import datasets, deletions, jobs
from lightly_ray.platform.storage.store.records import Job

LEASE = 60_000


@pytest.fixture
def dataset_id(database: Database) -> str:
    with database.write() as db:
        return datasets.create(db, users.admin(db).id, "queue")


def add(database: Database, dataset_id: str) -> str:
    with database.write() as db:
        return jobs.add(db, dataset_id, "PROJECTION", name=None, request={}, pinned={"n": 1})


def claim(database: Database, worker: str = "w", lease: int = LEASE) -> Job | None:
    with database.write() as db:
        return jobs.claim(db, worker, lease)


def claimed(database: Database, lease: int = LEASE) -> Job:
    job = claim(database, lease=lease)
    assert job is not None
    return job


def state(database: Database, job_id: str) -> tuple[str, str | None]:
    with database.read() as db:
        job = jobs.read(db, job_id)
        return jobs.seen_status(job), job.error


def test_claim__oldest_first_and_once(database: Database, dataset_id: str) -> None:
    first, second = add(database, dataset_id), add(database, dataset_id)
    jobs = [claim(database) for _ in range(3)]
    assert [job and job.id for job in jobs] == [first, second, None]
    assert state(database, first) == ("RUNNING", None)


def test_claim__after_the_lease(database: Database, dataset_id: str) -> None:
    job_id = add(database, dataset_id)
    lost = claimed(database, lease=1)
    time.sleep(0.01)
    assert state(database, job_id)[0] == "WAITING"  # nobody works on it
    again = claimed(database)
    assert (again.id, again.attempts) == (job_id, 2)
    with database.write() as db:
        assert not jobs.renew(db, lost, LEASE, processed=1, total=2)
        assert not jobs.held(db, lost)
        jobs.fail(db, lost, "too late")
        jobs.give_back(db, lost, counted=True)
        assert jobs.held(db, again)
    assert state(database, job_id) == ("RUNNING", None)


def test_claim__a_job_that_kills_its_workers_fails(database: Database, dataset_id: str) -> None:
    job_id = add(database, dataset_id)
    for _ in range(jobs.ATTEMPTS):
        claimed(database, lease=1)
        time.sleep(0.005)
    assert claim(database) is None
    assert state(database, job_id) == ("FAILED", "its worker died 3 times")


def test_give_back__uncounted_may_be_repeated(database: Database, dataset_id: str) -> None:
    job_id = add(database, dataset_id)
    for _ in range(jobs.ATTEMPTS + 2):
        job = claimed(database)
        with database.write() as db:
            jobs.give_back(db, job, counted=False)
    assert state(database, job_id) == ("WAITING", None)


def test_renew__keeps_it_and_tells_progress(database: Database, dataset_id: str) -> None:
    job_id = add(database, dataset_id)
    job = claimed(database, lease=1)
    with database.write() as db:
        assert jobs.renew(db, job, LEASE, processed=3, total=7)
    time.sleep(0.005)
    assert claim(database) is None
    with database.read() as db:
        seen = jobs.read(db, job_id)
    assert (seen.processed, seen.total) == (3, 7)


def test_cancel__waiting(database: Database, dataset_id: str) -> None:
    job_id = add(database, dataset_id)
    with database.write() as db:
        jobs.cancel(db, job_id)
    assert state(database, job_id) == ("FAILED", jobs.CANCELLED)
    assert claim(database) is None


def test_cancel__running_tells_the_worker(database: Database, dataset_id: str) -> None:
    job_id = add(database, dataset_id)
    job = claimed(database)
    with database.write() as db:
        jobs.cancel(db, job_id)
        assert not jobs.renew(db, job, LEASE, processed=0, total=0)
        assert not jobs.held(db, job)
        jobs.fail(db, job, jobs.CANCELLED)
    assert state(database, job_id) == ("FAILED", jobs.CANCELLED)


def test_cancel__running_whose_worker_then_dies(database: Database, dataset_id: str) -> None:
    job_id = add(database, dataset_id)
    claimed(database, lease=300)
    with database.write() as db:
        assert jobs.cancel(db, job_id).status == "RUNNING"
    time.sleep(0.35)
    assert claim(database) is None
    assert state(database, job_id) == ("FAILED", jobs.CANCELLED)


def test_finish__deleted_dataset(database: Database, dataset_id: str) -> None:
    add(database, dataset_id)
    job = claimed(database)
    with database.write() as db:
        deletions.begin(db, dataset_id)
        assert not jobs.held(db, job)
        assert not jobs.renew(db, job, LEASE, processed=0, total=0)

"""kill -9 of a worker in the middle of an evaluation: it ends once, its scores and its result together."""

import io
import itertools
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import update

from lightly_ray.data.labels.packed import write_packed as write_labels
from lightly_ray.data.predictions.packed import write_packed as write_predictions
from lightly_ray.platform.context import Platform, Store
from lightly_ray.platform.jobs.worker import Worker
from lightly_ray.platform.server import worker_settings
from lightly_ray.platform.storage.schema import jobs
from tests.evaluation.tables import classified, distributions
from tests.platform.conftest import NewDatabase
from tests.platform.deadly import process
from tests.platform.served import Api, opened, over_http
from tests.platform.test_kill import work

WRITES = 9  # a claim, its commit, two scores, the evaluation, the job, their commit


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
    worker = Worker(worker_settings(platform.settings), Store(platform.database, platform.blobs))
    yield worker
    worker.runner.kill()


def killed(platform: Platform, api: Api, helper: Worker, at: int) -> bool:
    """Evaluate with a worker that dies at a write; whether it did."""
    dataset = api.dataset(3)
    names = dataset.names()
    body = io.BytesIO()
    write_predictions(distributions({name: [0.75, 0.25] for name in names}, ["ant", "bee"]), body)
    api.call("PUT", f"{dataset.path}/predictions/model", data=body.getvalue())
    labels = io.BytesIO()
    write_labels(classified({names[0]: ["ant"], names[1]: ["bee"]}), labels)
    api.call("PUT", f"{dataset.path}/labels", params={"source": "people"}, data=labels.getvalue())
    job = api.post(f"{dataset.path}/evaluations", {"predictions": "model"})["jobId"]
    assert api.post(f"{dataset.path}/evaluations", {"predictions": "model"})["jobId"] == job
    settings = worker_settings(platform.settings).model_copy(update={"lease": 60, "log": "error"})
    with process("worker", at, settings) as victim:
        until = time.monotonic() + 60
        while victim.poll() is None and api.get(f"/v1/jobs/{job}")["status"] in {"WAITING", "RUNNING"}:
            assert time.monotonic() < until
            time.sleep(0.05)
        with platform.database.write() as db:  # a lease that is over at once: renewing it would be further writes
            db.execute(update(jobs).where(jobs.c.status == "RUNNING").values(lease_until=0))
        work(helper, api, job)
        died = victim.poll() is not None
    ended = api.get(f"/v1/jobs/{job}")
    assert (ended["status"], ended["result"]["type"]) == ("FINISHED", "EVALUATION")
    [evaluation] = api.get(f"{dataset.path}/evaluations")
    assert evaluation["id"] == ended["result"]["data"]
    assert evaluation["metrics"]["accuracy"] == 0.5
    tag = f"{dataset.path}/tags/{dataset.tags()['initial-tag']['id']}"
    listed = {one["scoreType"]: one["id"] for one in api.get(f"{tag}/scores")}
    assert api.get(f"{tag}/scores/{listed['prediction_error']}")["scores"] == [0.25, 0.75, 0]
    assert api.get(f"{tag}/scores/{listed['label_error']}")["scores"] == [0, 0.75, 0]
    return died


@pytest.mark.full
def test_kill__worker_within_an_evaluation(platform: Platform, api: Api, helper: Worker) -> None:
    assert killed(platform, api, helper, WRITES - 2)


@pytest.mark.full
def test_kill__worker_at_every_write_of_an_evaluation(platform: Platform, api: Api, helper: Worker) -> None:
    assert next(at for at in itertools.count(1) if not killed(platform, api, helper, at)) - 1 >= WRITES

"""`/metrics`: what Prometheus' own parser reads in it, before and after requests and jobs."""

from collections.abc import Callable, Iterator

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from lightly_ray.platform.context import Platform
from lightly_ray.platform.storage.store import jobs
from tests.platform.conftest import NewDatabase
from tests.platform.served import Api, body, opened, over_http

Read = Callable[..., float]


@pytest.fixture(scope="module")
def platform(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One of its own: no worker of other tests takes the jobs that are counted."""
    with opened(tmp_path_factory.mktemp("counted"), new_database()) as platform:
        yield platform


@pytest.fixture(scope="module")
def api(platform: Platform) -> Iterator[Api]:
    """That platform over HTTP."""
    with over_http(platform) as api:
        yield api


@pytest.fixture
def read(api: Api) -> Read:
    """The value of one series, 0 where it is not there."""

    def _read(name: str, **labels: str) -> float:
        answer = api.send("GET", "/metrics")
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        samples = [one for family in text_string_to_metric_families(answer.text) for one in family.samples]
        return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())

    return _read


def test_metrics__count_requests_by_route_and_status(api: Api, read: Read) -> None:
    name, route = "lightly_ray_platform_requests_total", "/v1/datasets/{dataset_id}"
    before = read(name, route=route, method="GET", status="404")
    for number in range(3):
        api.send("GET", f"/v1/datasets/{number:024x}")
    assert read(name, route=route, method="GET", status="404") == before + 3
    times = "lightly_ray_platform_request_seconds_count"
    assert read(times, route=route, method="GET") >= 3
    assert read(times, route="/metrics") >= 1


def test_metrics__names_that_clients_make_up_are_no_labels(api: Api, read: Read) -> None:
    before = read("lightly_ray_platform_requests_total", route="none", method="none", status="404")
    for path in ("/v2/one", "/made-up"):
        requests.request("PURGE", api.url + path, timeout=9)
    assert read("lightly_ray_platform_requests_total", route="none", method="none", status="404") == before + 2
    assert read("lightly_ray_platform_requests_total", method="PURGE") == 0


def test_metrics__refused_requests_count_too(api: Api, read: Read) -> None:
    before = read("lightly_ray_platform_requests_total", route="/v1/quota", status="401")
    requests.get(f"{api.url}/v1/quota", timeout=9)
    assert read("lightly_ray_platform_requests_total", route="/v1/quota", status="401") == before + 1


def test_metrics__samples_and_jobs_are_those_of_the_database(api: Api, platform: Platform, read: Read) -> None:
    state = {"kind": "SAMPLING", "status": "WAITING"}
    datasets, samples = read("lightly_ray_platform_datasets"), read("lightly_ray_platform_samples")
    waiting, failed = read("lightly_ray_platform_jobs", **state), read("lightly_ray_platform_jobs", status="FAILED")
    dataset = api.dataset(13)
    job = api.post(f"{dataset.path}/sampling", body("drawn", "RANDOM", 3))["jobId"]
    assert read("lightly_ray_platform_datasets") == datasets + 1
    assert read("lightly_ray_platform_samples") == samples + 13
    assert read("lightly_ray_platform_jobs", **state) == waiting + 1
    assert read("lightly_ray_platform_oldest_waiting_job_seconds") > 0
    with platform.database.write() as db:
        jobs.cancel(db, job)
    assert read("lightly_ray_platform_jobs", **state) == waiting
    assert read("lightly_ray_platform_jobs", status="FAILED") == failed + 1


def test_metrics__a_job_that_lost_its_worker_waits(api: Api, platform: Platform, read: Read) -> None:
    dataset = api.dataset(5)
    api.post(f"{dataset.path}/sampling", body("drawn", "RANDOM", 3))
    before = read("lightly_ray_platform_jobs", kind="SAMPLING", status="WAITING")
    with platform.database.write() as db:
        job = jobs.claim(db, "gone", lease_ms=-1)
    assert job is not None
    assert read("lightly_ray_platform_jobs", kind="SAMPLING", status="WAITING") == before
    with platform.database.write() as db:
        jobs.cancel(db, job.id)

"""Several processes that serve one port: one platform, one count of requests, and none is missed when it dies."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from lightly_ray.platform.settings import ADMIN_FILE
from tests.platform.served import Api

PROGRAM = Path(sys.executable).parent / "lightly-ray"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Api, psutil.Process]]:
    """Two servers of an empty platform, and the process that looks after them."""
    command = [str(PROGRAM), "serve", f"data_dir={tmp_path}", "port=0", "servers=2", "workers=0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as program:
        assert program.stderr is not None
        try:
            url = re.search(r"http://\S+:\d+", program.stderr.readline())
            assert url is not None
            yield Api(url[0], (tmp_path / ADMIN_FILE).read_text().strip()), psutil.Process(program.pid)
        finally:
            program.kill()


def serving(program: psutil.Process, count: int = 2) -> list[psutil.Process]:
    """The servers, once each of them is asked in turn."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = [child for child in program.children() if child.num_threads() > 1]
        if len(found) == count:
            return found
        time.sleep(0.1)
    raise AssertionError(f"there are {program.children()}")


def counted(api: Api) -> float:
    """How many requests for the list of datasets were counted."""
    families = text_string_to_metric_families(api.send("GET", "/metrics").text)
    samples = [one for family in families for one in family.samples]
    name = "lightly_ray_platform_requests_total"
    return sum(one.value for one in samples if one.name == name and one.labels["route"] == "/v1/datasets")


def asked_by(api: Api, others: list[psutil.Process], times: int) -> None:
    """Ask while these do not answer."""
    for one in others:
        one.suspend()
    try:
        for _ in range(times):
            assert requests.get(f"{api.url}/v1/datasets", params={"token": api.token}, timeout=30).json() == []
    finally:
        for one in others:
            one.resume()


def test_servers__share_a_port_and_their_counters(served: tuple[Api, psutil.Process]) -> None:
    api, program = served
    first, second = serving(program)
    asked_by(api, [first], 3)
    asked_by(api, [second], 4)
    assert [counted(api) for _ in range(5)] == [7] * 5
    second.kill()
    assert requests.get(f"{api.url}/v1/datasets", params={"token": api.token}, timeout=30).json() == []
    psutil.wait_procs([second], timeout=30)
    again = serving(program)
    assert first in again
    assert second not in again
    asked_by(api, [first], 2)
    assert counted(api) == 10
    program.send_signal(signal.SIGINT)
    assert program.wait(30) == 0
    assert not [one for one in again if one.is_running()]

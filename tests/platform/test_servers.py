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

from lightly_ray.platform.http.measured import COUNTERS
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


def counted(api: Api) -> float:
    """How many requests for the list of datasets were counted."""
    families = text_string_to_metric_families(api.send("GET", "/metrics").text)
    samples = [one for family in families for one in family.samples]
    name = "lightly_ray_platform_requests_total"
    return sum(one.value for one in samples if one.name == name and one.labels["route"] == "/v1/datasets")


def asked(api: Api) -> None:
    """Ask over a connection of its own, which either server may take."""
    assert requests.get(f"{api.url}/v1/datasets", params={"token": api.token}, timeout=60).json() == []


def asked_until_each_has_answered(api: Api, program: psutil.Process) -> tuple[list[psutil.Process], int]:
    """The two servers, and how often they were asked."""
    until, times = time.monotonic() + 90, 0
    while time.monotonic() < until:
        asked(api)
        times += 1
        found = program.children()
        # Each has a file of its own for its counters, as soon as it has counted something.
        counts = [Path(one.environ()[COUNTERS]) / f"counter_{one.pid}.db" for one in found if one.is_running()]
        if len(counts) == 2 and all(path.exists() for path in counts):
            return found, times
    raise AssertionError(f"asked {times} times, one of {program.children()} never answered")


def test_servers__share_a_port_and_their_counters(served: tuple[Api, psutil.Process]) -> None:
    api, program = served
    (first, second), times = asked_until_each_has_answered(api, program)
    until = time.monotonic() + 10
    while counted(api) < times and time.monotonic() < until:  # the last one is counted once it is answered
        time.sleep(0.05)
    assert [counted(api) for _ in range(5)] == [times] * 5
    second.kill()
    asked(api)
    psutil.wait_procs([second], timeout=30)
    found, more = asked_until_each_has_answered(api, program)
    assert first in found
    assert second not in found
    assert times + more <= counted(api) <= times + 1 + more
    program.send_signal(signal.SIGINT)
    assert program.wait(30) == 0
    assert not [one for one in found if one.is_running()]

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import ray

from lightly_ray.errors import InvalidInputError, WorkerLostError
from lightly_ray.parallel import cluster
from lightly_ray.parallel.cluster import cluster_cpus, connected


def test_connected__a_ray_that_is_there_is_used_and_kept(ray_local: None) -> None:
    before = ray.get_runtime_context().get_node_id()
    with connected(num_cpus=7):
        assert ray.get_runtime_context().get_node_id() == before
        assert cluster_cpus() == 2
    assert ray.is_initialized()


@pytest.mark.parametrize("address", ["127.0.0.1", "ray://127.0.0.1", "host:port", ":1"])
def test_start__addresses_that_are_none(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(InvalidInputError, match="is no address: write HOST:PORT"):
        cluster._start(None)


def test_start__nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{port}")
        with pytest.raises(WorkerLostError, match=f"no Ray cluster answers at RAY_ADDRESS=127.0.0.1:{port}"):
            cluster._start(None)


_PROGRAM = """
import os, sys, time
from pathlib import Path
import psutil, ray
from lightly_ray.parallel.cluster import cluster_cpus, connected

assert not ray.is_initialized()
with connected(num_cpus=3):
    assert cluster_cpus() == 3
    children = [child.pid for child in psutil.Process().children(recursive=True)]
    Path(sys.argv[1]).write_text(" ".join(map(str, children)))
    time.sleep(float(sys.argv[2]))
assert not ray.is_initialized()
"""


@pytest.mark.full
@pytest.mark.parametrize("interrupted", [pytest.param(False, marks=pytest.mark.full), True])
def test_connected__what_it_starts_it_ends(tmp_path: Path, interrupted: bool) -> None:
    seconds = "100" if interrupted else "0"
    command = [sys.executable, "-c", _PROGRAM, str(tmp_path / "pids"), seconds]
    # A session of its own, as a terminal's: Ctrl-C reaches every process of it.
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    program = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, env=environment)
    if interrupted:
        _wait_for(lambda: (tmp_path / "pids").exists() and (tmp_path / "pids").read_text() != "")
        os.killpg(program.pid, signal.SIGINT)
    errors = program.communicate(timeout=120)[1].decode()
    assert ("KeyboardInterrupt" in errors) == interrupted, errors
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert len(pids) >= 2
    _wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def _wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_connected__the_address_of_a_dashboard_is_told_from_that_of_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    for scheme in ("http", "https"):
        monkeypatch.setenv("RAY_ADDRESS", f"{scheme}://127.0.0.1:8265")
        with pytest.raises(InvalidInputError, match="is the address of a dashboard, which only"):
            cluster._start(None)

"""A Ray of several raylets on this machine, in a process of its own, whose nodes a test may kill.

    with Raylets([{"num_cpus": 1}, {"num_cpus": 1}]) as raylets:
        job = raylets.job("embed_images", "input_dir=...")
        raylets.kill(1)
        result = job.result()

The process is this module, run as a program: it reads orders from its standard input, a line of JSON each, and ends
with its nodes when that is closed, however the test ends.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

PROJECT = Path(__file__).parents[2]
_TRIES = 3
_STORE = 100 << 20  # bytes of a node's object store, where nothing else is said


class Job:
    """A Python program of a user on the cluster: what it wrote so far, and its result.

    Args:
        words: what follows `python`.
        environment: its variables.
        seconds: after which it counts as hanging, and is killed.
        prefix: what comes before `python`.

    Attributes:
        process: of the driver.
        lines: of its standard error.
    """

    def __init__(
        self, words: Sequence[str], environment: dict[str, str], seconds: float, prefix: Sequence[str] = ()
    ) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, *words],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._late = threading.Timer(seconds, self.process.kill)
        self._late.daemon = True
        self._late.start()
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            for line in stream:
                self.lines.append(line)

    @property
    def said(self) -> str:
        """Its standard error so far."""
        return "".join(self.lines)

    def wait_until(self, condition: Callable[[], bool], seconds: float = 300.0) -> None:
        """Until something has happened, while it runs."""
        until = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, f"it ended before:\n{self.said[-2000:]}"
            assert time.monotonic() < until, f"it did not come:\n{self.said[-2000:]}"
            time.sleep(0.1)

    def kill(self) -> None:
        """SIGKILL of the driver."""
        self.process.kill()
        self._end()

    def ended(self) -> tuple[int, str]:
        """Wait for its end: exit status and standard output. The test fails if it hung."""
        status, output = self._end()
        assert status != -signal.SIGKILL, f"it hung:\n{self.said[-4000:]}"
        return status, output

    def result(self) -> dict[str, Any]:
        """Wait for its end, which must be a good one; its line of JSON."""
        status, output = self.ended()
        assert status == 0, self.said[-4000:]
        found: dict[str, Any] = json.loads(output.splitlines()[-1])
        return found

    def _end(self) -> tuple[int, str]:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            output = stream.read()
        status = self.process.wait()
        self._late.cancel()
        self._reader.join(10.0)  # what the driver has started may hold the other end
        return status, output


class Raylets:
    """A cluster; node 0 is its head, where drivers are.

    Args:
        nodes: arguments of `Cluster.add_node` of each node.
        environment: variables of all its processes, and of the jobs.

    Attributes:
        address: HOST:PORT.
        dashboard: its URL, where the head has ``include_dashboard``.
        environment: of a program that is to use the cluster.
        pids: of the raylet of each node.
    """

    def __init__(self, nodes: Sequence[dict[str, Any]], environment: dict[str, str] | None = None) -> None:
        self._nodes = nodes
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("RAY_AUTH")}
        inherited.pop("RAY_ADDRESS", None)
        scripts = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.environment = {**inherited, "PATH": scripts, "PYTHONPATH": str(PROJECT), **(environment or {})}
        self.pids: list[int] = []
        self._jobs: list[Job] = []
        self._folders: list[Path] = []
        self.address = self.dashboard = ""

    def __enter__(self) -> Self:
        for _ in range(_TRIES):
            if self._started():
                self.environment["RAY_ADDRESS"] = self.address
                return self
        raise AssertionError("the cluster did not start")

    def _started(self) -> bool:
        """Start it; Ray gives its nodes half a minute each, which a busy machine may not have."""
        self.pids.clear()
        self._folders.clear()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.cluster.raylets"],
            cwd=PROJECT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            for node in self._nodes:
                self.add(**node)
        except (AssertionError, BrokenPipeError):
            self.close()
            return False
        except BaseException:
            self.close()
            raise
        return True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it, with all its nodes, and jobs that a failed test has left."""
        for job in self._jobs:
            if job.process.poll() is None:
                job.kill()
        with self._process as process, suppress(subprocess.TimeoutExpired):
            try:
                process.communicate(timeout=60)
            finally:
                process.kill()

    def add(self, **node: Any) -> int:
        """A further node; its number."""
        answer = self._order({"add": node})
        self.pids.append(answer["pid"])
        self._folders.append(Path(answer["folder"]))
        self.address, self.dashboard = answer["address"], answer["dashboard"]
        return len(self.pids) - 1

    def kill(self, node: int) -> None:
        """A node is gone from one moment to the next: raylet, object store and workers, of the head its directory too.

        Drivers are no part of a node, and live.
        """
        doomed = [psutil.Process(self.pids[node])]
        doomed += doomed[0].children(recursive=True)
        for process in doomed:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        self._order({"remove": node})

    def workers(self, node: int, what: str) -> list[psutil.Process]:
        """Workers of a node that are at something: part of what Ray calls their processes then."""
        found = []
        for process in psutil.Process(self.pids[node]).children():
            with suppress(psutil.Error, IndexError):
                if what in process.cmdline()[0]:
                    found.append(process)
        return found

    def spilled(self) -> int:
        """Bytes that the object stores of all nodes have written to disk for want of room."""
        files = (path for folder in self._folders for path in folder.rglob("ray_spilled_objects*/*"))
        return sum(path.stat().st_size for path in files if path.is_file())

    def job(self, name: str, *words: str, seconds: float = 600.0, **environment: str) -> Job:
        """Start one of the jobs as a driver on the head; it is killed where it takes longer than ``seconds``."""
        return self.program([f"jobs/{name}.py", *words], seconds=seconds, **environment)

    def program(self, words: Sequence[str], *, seconds: float = 600.0, **environment: str) -> Job:
        """Start any Python program as a driver on the head."""
        self._jobs.append(Job(words, {**self.environment, **environment}, seconds))
        return self._jobs[-1]

    def _order(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the cluster did not do {order}"
        answer: dict[str, Any] = json.loads(line)
        return answer


def with_token() -> dict[str, str]:
    """The environment of a cluster that takes jobs with this token only."""
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}


def main() -> None:
    """The process of a cluster."""
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever Ray prints
    with ExitStack() as stack:
        # Ray notes there which cluster was started last on this machine: not for the programs of others.
        noted = stack.enter_context(tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True))
        os.environ["RAY_TMPDIR"] = noted
        Path(noted, "ray").mkdir()
        from ray.cluster_utils import Cluster

        cluster, nodes = Cluster(), []
        for line in sys.stdin:
            order = json.loads(line)
            if "add" in order:
                # A folder for each node, as on machines of their own: in a shared one each unpacks the working
                # directory of a job over that of the other, under the feet of the running job.
                folder = tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True)
                size = {"num_cpus": 1, "object_store_memory": _STORE, "dashboard_agent_listen_port": 0}
                place = {"temp_dir": stack.enter_context(folder), "include_dashboard": False}
                if order["add"].get("include_dashboard"):
                    place["dashboard_host"] = "127.0.0.1"
                nodes.append(cluster.add_node(**{**size, **place, **order["add"]}))
                cluster.wait_for_nodes()
                # As `ray start` does; without it jobs are sent to any Ray that runs on this machine.
                Path(folder.name, "ray_current_cluster").write_text(cluster.address)
                raylet = nodes[-1].all_processes["raylet"][0].process.pid
                dashboard = f"http://{nodes[0].address_info['webui_url']}"
                answer = {
                    "pid": raylet,
                    "folder": folder.name,
                    "address": cluster.address,
                    "dashboard": dashboard,
                }
            else:
                cluster.remove_node(nodes[order["remove"]], allow_graceful=False)
                answer = {}
            os.write(answers, (json.dumps(answer) + "\n").encode())
        for node in [*cluster.worker_nodes, *([cluster.head_node] if cluster.head_node else [])]:
            cluster.remove_node(node, allow_graceful=False)


if __name__ == "__main__":
    main()

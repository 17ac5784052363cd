"""Jobs sent to a cluster by `ray job submit`, as users send them."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.raylets import PROJECT, Raylets, with_token

_SUBMIT = ["-m", "ray.scripts.scripts", "job", "submit"]


class Submitter:
    """Submits jobs to a cluster that takes them with a token only."""

    def __init__(self, address: str, environment: dict[str, str]) -> None:
        self.address = address
        # Ray would go to the address of drivers in place of the dashboard's.
        self._environment = {name: value for name, value in environment.items() if name != "RAY_ADDRESS"}

    def __call__(self, job: str, *words: str) -> dict[str, object]:
        """Submit a job, wait for it, and return its line of JSON."""
        done = self.run([*_SUBMIT, "--address", self.address, "--working-dir", "."], f"jobs/{job}.py", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        result: dict[str, object] = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
        return result

    def refuses(self, **environment: str | None) -> bool:
        """Whether the cluster takes no job in such an environment; None: without the variable."""
        return self.run([*_SUBMIT, "--address", self.address], "-c", "", **environment).returncode != 0

    def wait(self) -> None:
        """Until the cluster takes jobs: its agents start after its nodes."""
        for _ in range(180):
            if not self.refuses():
                return
            time.sleep(1)
        raise AssertionError("the cluster takes no jobs")

    def run(self, submit: list[str], *words: str, **environment: str | None) -> subprocess.CompletedProcess[str]:
        """Submit a Python program."""
        merged = {**self._environment, **environment}
        return subprocess.run(
            [sys.executable, *submit, "--", "python", *words],
            cwd=PROJECT,
            env={name: value for name, value in merged.items() if value is not None},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )


@contextmanager
def cluster_with_a_token() -> Iterator[Submitter]:
    """A cluster of two raylets in a process of its own, with token authentication."""
    node = {"object_store_memory": 300_000_000}
    with Raylets([{**node, "include_dashboard": True}, node], with_token()) as raylets:
        submitter = Submitter(raylets.dashboard, raylets.environment)
        submitter.wait()
        yield submitter

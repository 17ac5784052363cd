"""Machines of one's own, for tests: network namespaces with addresses, and a Ray over them. Needs root and iproute2.

    services 10.77.0.1     a platform, its storage, its database
    head     10.77.0.2     the head of a Ray, where the drivers are
    worker   10.77.0.3     its second node

All three hang on one bridge. With ``delay`` the two nodes of Ray know each other by another line, from 10.78.0.1 to
10.78.0.2, on which each packet takes that long, and no more than 100 Mbit/s pass in either direction.

    python -m tests.cluster.namespaces [MILLISECONDS]

sets it up, prints how to run a program on the head, and takes it down at the end of its standard input.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

from tests.cluster.raylets import PROJECT, Job, with_token
from tests.cluster.slow_link import DEVICE, MTU

ADDRESSES = {"services": "10.77.0.1", "head": "10.77.0.2", "worker": "10.77.0.3"}
_SLOW = {"head": "10.78.0.1", "worker": "10.78.0.2"}
_RATE = "rate 100mbit burst 128kb latency 400ms"
_PORT = 6379
_START = 120.0  # seconds


class Machines:
    """Use as a context manager.

    Args:
        delay: milliseconds that a packet between the nodes of Ray takes; None: what the bridge takes, which is nothing.

    Attributes:
        environment: of all programs; it holds the token of the Ray.
    """

    def __init__(self, delay: float | None = None) -> None:
        self._delay = delay
        self._addresses = ADDRESSES if delay is None else ADDRESSES | _SLOW
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("RAY_A")}
        scripts = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.environment = {
            **inherited,
            "PATH": scripts,
            "PYTHONPATH": str(PROJECT),
            "RAY_ADDRESS": f"{self._addresses['head']}:{_PORT}",
            **with_token(),
        }
        self._processes: list[subprocess.Popen[str]] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for name in ADDRESSES:
                _ip("netns", "add", _full(name))
                stack.callback(_remove, name)
            _connect()
            if self._delay is not None:
                self._connect_slowly(self._delay)
            self._start_ray(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        for process in self._processes:
            process.wait()

    def start(self, machine: str, words: Sequence[str], **options: Any) -> "subprocess.Popen[str]":
        """Start a program on a machine; it is killed with the machine."""
        entered = ["ip", "netns", "exec", _full(machine), *words]
        given = {"cwd": PROJECT, "env": self.environment, "text": True, "stdin": subprocess.DEVNULL}
        self._processes.append(subprocess.Popen(entered, **{**given, **options}))
        return self._processes[-1]

    def run(self, machine: str, words: Sequence[str]) -> str:
        """Run a Python program to its end on a machine; what it prints."""
        entered = ["ip", "netns", "exec", _full(machine), sys.executable, *words]
        return subprocess.check_output(entered, cwd=PROJECT, env=self.environment, text=True, timeout=_START)

    def program(self, words: Sequence[str], *, seconds: float = 600.0) -> Job:
        """Start a Python program as a driver on the head."""
        return Job(words, self.environment, seconds, ["ip", "netns", "exec", _full("head")])

    def _connect_slowly(self, delay: float) -> None:
        link = [sys.executable, "-m", "tests.cluster.slow_link", _full("head"), _full("worker"), str(delay)]
        # On the machine of the services, so that it ends with it.
        ready = self.start("services", link, stdout=subprocess.PIPE).stdout
        assert ready is not None
        with ready:
            assert ready.readline() == "ready\n"
        for name, address in _SLOW.items():
            _in(name, "ip", "address", "add", f"{address}/24", "dev", DEVICE)
            _in(name, "ip", "link", "set", DEVICE, "mtu", str(MTU), "up")
            _in(name, "tc", "qdisc", "add", "dev", DEVICE, "root", "tbf", *_RATE.split())

    def _start_ray(self, stack: ExitStack) -> None:
        ray = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats"]
        size = ["--num-cpus=1", f"--object-store-memory={200 << 20}"]
        joins = {"head": ["--head", f"--port={_PORT}", "--include-dashboard=false"], "worker": []}
        for name, words in joins.items():
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True))
            where = [f"--node-ip-address={self._addresses[name]}", f"--temp-dir={folder}"]
            joined = words or [f"--address={self._addresses['head']}:{_PORT}"]
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            environment = {**self.environment, "RAY_TMPDIR": folder}
            environment.pop("RAY_ADDRESS")
            self.start(name, [*ray, *size, *where, *joined], env=environment, **quiet)
            # A folder must not go before those who write into it.
            stack.callback(_kill_all, name)
            if name == "head":
                self._wait(1)
        self._wait(2)

    def _wait(self, nodes: int) -> None:
        until = time.monotonic() + _START
        look = "import ray; ray.init(logging_level='ERROR'); print(sum(n['Alive'] for n in ray.nodes()))"
        while time.monotonic() < until:
            with suppress(subprocess.SubprocessError):
                if int(self.run("head", ["-c", look])) == nodes:
                    return
            time.sleep(0.5)
        raise TimeoutError(f"Ray does not have {nodes} nodes")


def _full(name: str) -> str:
    return f"lr{os.getpid()}-{name}"


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def _in(name: str, *words: str) -> None:
    _ip("netns", "exec", _full(name), *words)


def _connect() -> None:
    """Addresses, and a bridge on the machine of the services."""
    _in("services", "ip", "link", "add", "bridge0", "type", "bridge")
    _in("services", "ip", "address", "add", f"{ADDRESSES['services']}/24", "dev", "bridge0")
    _in("services", "ip", "link", "set", "bridge0", "up")
    for name, address in ADDRESSES.items():
        _in(name, "ip", "link", "set", "lo", "up")
        if name != "services":
            _in("services", "ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", _full(name))
            _in("services", "ip", "link", "set", name, "master", "bridge0", "up")
            _in(name, "ip", "address", "add", f"{address}/24", "dev", "eth0")
            _in(name, "ip", "link", "set", "eth0", "up")


def _kill_all(name: str) -> None:
    """End every process on a machine; all of them were started here."""
    for _ in range(100):
        listed = subprocess.run(["ip", "netns", "pids", _full(name)], check=False, capture_output=True, text=True)
        if not listed.stdout.split():
            return
        for pid in listed.stdout.split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        time.sleep(0.1)


def _remove(name: str) -> None:
    _kill_all(name)
    _ip("netns", "del", _full(name))


def main() -> None:
    """Set up, wait, take down."""
    with Machines(float(sys.argv[1]) if sys.argv[1:] else None) as machines:
        address = machines.environment["RAY_ADDRESS"]
        sys.stdout.write(f"RAY_ADDRESS={address} ip netns exec {_full('head')} python jobs/...\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()

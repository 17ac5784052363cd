"""Child processes end with their parent, also when it is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from lightly_ray.platform import lifeline
from lightly_ray.platform.settings import WorkerSettings

PARENT = """
import sys, time
from pathlib import Path
from lightly_ray.platform import lifeline
from lightly_ray.platform.settings import WorkerSettings
child = lifeline.spawn("worker", WorkerSettings(data_dir=Path(sys.argv[1])))
print(child.pid, flush=True)
time.sleep(60)
"""


def gone(pids: list[int], seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids):
            return True
        time.sleep(0.05)
    return False


def descendants(pid: int, count: int) -> list[int]:
    """The descendants of a process once there are ``count`` of them."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found = [child.pid for child in psutil.Process(pid).children(recursive=True)]
        if len(found) >= count:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{pid} has fewer than {count} descendants")


def test_spawn__children_die_with_a_killed_parent(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        family = descendants(parent.pid, 2)  # the worker, and its runner
        parent.send_signal(signal.SIGKILL)
        assert gone(family)


def test_end__asks_first(tmp_path: Path) -> None:
    child = lifeline.spawn("worker", WorkerSettings(data_dir=tmp_path))
    [runner] = descendants(child.pid, 1)
    lifeline.end(child)
    assert child.returncode == 0
    assert gone([runner])


def test_tell__a_dead_child_is_no_error(tmp_path: Path) -> None:
    child = lifeline.spawn("worker", WorkerSettings(data_dir=tmp_path))
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    lifeline.tell(child, {"any": "thing"})
    lifeline.end(child)

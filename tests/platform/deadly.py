"""A server or worker that kills itself at its N-th write: `python -m tests.platform.deadly ROLE N`, then as `child`.

Writes are: each INSERT, UPDATE and DELETE, the moment before and after each commit, before, within and after each
file that is stored, before and after a folder is removed. With N = 0 it never dies, and tells the number of its
writes in a file.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import requests
from sqlalchemy import Connection, Engine, event

from lightly_ray.platform import child
from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.database import Database
from lightly_ray.settings import Settings
from tests.platform.served import Api

COUNTED = "LIGHTLY_RAY_TEST_WRITES"  # names the file
ROOT = Path(__file__).parents[2]


@contextmanager
def process(role: str, at: int, settings: Settings, **env: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A deadly process; killed at the end of the block if it has not done so itself."""
    command = [sys.executable, "-m", "tests.platform.deadly", role, str(at)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, env={**os.environ, **env}) as child:
        assert child.stdin is not None
        child.stdin.write(settings.model_dump_json(exclude_none=True).encode() + b"\n")
        child.stdin.flush()
        try:
            yield child
        finally:
            child.kill()


def ready(api: Api, server: "subprocess.Popen[bytes]") -> bool:
    """Whether a server answers; False where it has killed itself before."""
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        try:
            return bool(api.send("GET", "/readyz").ok)
        except requests.ConnectionError:
            time.sleep(0.05)
    return False


class Deadline:
    """Counts writes, and dies at one of them."""

    def __init__(self, last: int) -> None:
        self._last, self._count, self._lock = last, 0, threading.Lock()

    def write(self) -> None:
        with self._lock:
            self._count += 1
            if self._count == self._last:
                os.kill(os.getpid(), signal.SIGKILL)
            if COUNTED in os.environ:
                Path(os.environ[COUNTED]).write_text(str(self._count))


def arm(deadline: Deadline) -> None:
    """Let every write count."""
    begin, put, delete_folder = Database.write, Blobs.put, Blobs.delete_folder

    @contextmanager
    def _write(self: Database, *, alone: bool = False) -> Iterator[Connection]:
        with begin(self, alone=alone) as connection:
            yield connection
        deadline.write()

    def _put(self: Blobs, key: str, source: IO[bytes]) -> None:
        deadline.write()
        put(self, key, cast("IO[bytes]", _Counting(source, deadline)))
        deadline.write()

    def _delete_folder(self: Blobs, key: str) -> None:
        deadline.write()
        delete_folder(self, key)
        deadline.write()

    @event.listens_for(Engine, "before_cursor_execute")
    def _execute(_connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE", "CREATE")):
            deadline.write()

    @event.listens_for(Engine, "commit")
    def _commit(_connection: Connection) -> None:
        deadline.write()

    Database.write, Blobs.put, Blobs.delete_folder = _write, _put, _delete_folder  # type: ignore[method-assign]


class _Counting:
    """A file that counts as a write once its first bytes are read."""

    def __init__(self, file: IO[bytes], deadline: Deadline) -> None:
        self._file, self._deadline, self._reads = file, deadline, 0

    def read(self, size: int = -1) -> bytes:
        self._reads += 1
        if self._reads == 2:
            self._deadline.write()
        return self._file.read(size)


if __name__ == "__main__":
    arm(Deadline(int(sys.argv[2])))
    child.main(sys.argv[1])

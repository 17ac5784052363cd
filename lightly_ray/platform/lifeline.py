"""Processes that end with their parent, also when it is killed.

The parent holds the writing end of the child's standard input and never lets go of it; when the parent dies,
however it dies, the system closes that end, the child reads end-of-file, and leaves. Works on every system
and from every thread of the parent.
"""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, Any

from lightly_ray.settings import Settings

_MODULE = "lightly_ray.platform.child"
_LISTENER = "LIGHTLY_RAY_LISTENER_HANDLE"


def spawn(
    role: str,
    settings: Settings,
    *,
    env: Mapping[str, str] | None = None,
    stdout: int | IO[bytes] | None = None,
    listener: socket.socket | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child process of this package.

    Args:
        role: one of those that `child` knows.
        settings: of that role; they travel through the pipe, so that no password shows in a process list.
        env: variables to set beside those of this process.
        stdout: where its standard output goes.
        listener: a socket that the child gets as its own, see `inherited_listener`: a port that is handed over cannot
            be taken by another program in between.
    """
    handed = () if listener is None else (listener.fileno(),)
    child = subprocess.Popen(
        [sys.executable, "-m", _MODULE, role],
        stdin=subprocess.PIPE,
        stdout=stdout,
        env=os.environ | dict(env or {}) | dict.fromkeys([_LISTENER] if handed else [], "".join(map(str, handed))),
        pass_fds=handed,
        # Ctrl-C in a terminal reaches the parent alone, which then ends its children in order.
        start_new_session=True,
    )
    tell(child, settings.model_dump(mode="json", exclude_none=True))
    return child


def tell(child: "subprocess.Popen[bytes]", message: Any) -> None:
    """Send a child one line of JSON. One that has just died does not hear it."""
    if child.stdin is None:
        raise ValueError("the child was not started by spawn")
    with suppress(BrokenPipeError):
        child.stdin.write(json.dumps(message).encode() + b"\n")
        child.stdin.flush()


def end(child: "subprocess.Popen[bytes]", *, patience: float = 5.0) -> None:
    """End a child: ask, wait for ``patience`` seconds, then kill. Without patience it is killed at once."""
    if child.poll() is None and patience:
        child.terminate()
    try:
        child.wait(patience)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdin is not None:
        with suppress(BrokenPipeError):
            child.stdin.close()


def first_line() -> Any:
    """In the child: the settings that `spawn` sent."""
    return json.loads(sys.stdin.buffer.readline())


def inherited_listener() -> socket.socket | None:
    """In the child: the listening socket that `spawn` handed over."""
    handle = os.environ.pop(_LISTENER, None)
    return None if handle is None else socket.socket(fileno=int(handle))


def follow(hear: Callable[[Any], None] | None = None) -> None:
    """In the child: read further lines in a thread, and leave at once when the parent is gone."""

    def _read() -> None:
        for line in sys.stdin.buffer:
            if hear is not None:
                hear(json.loads(line))
        os._exit(0)

    threading.Thread(target=_read, name="lifeline", daemon=True).start()

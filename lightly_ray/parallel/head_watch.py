"""Says that the head of a cluster is gone: Ray ends the programs attached to it a minute later, without a word.

One on the node of the head it ends at once, before it could say anything; a shell that waits for its end says it then.
"""

import atexit
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO

import ray

_LOOK_EVERY = 0.5  # seconds
_PATIENCE = 2.0  # seconds; Ray ends a program that is on the node of the head soon after
_PROBE_SECONDS = 5.0


class HeadWatch:
    """Looks whether anything listens at an address, from the start to `end`; one line on standard error if not.

    Args:
        address: HOST:PORT of the head.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._told = False
        self._last_word = LastWord(
            f"error: this program was ended from outside: it was killed, or the Ray node that it is on is gone, of the "
            f"cluster at {address}; the same again goes on behind what is written"
        )
        self._over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def end(self) -> None:
        """Look no more."""
        self._over.set()
        self._last_word.forget()

    def look(self) -> None:
        """Say so at once where it is gone.

        For who has lost a worker, before he asks Ray for another: that call holds up all threads until Ray gives up.
        """
        if not self._answers():
            self._tell()

    def _watch(self) -> None:
        silent = 0.0
        while not self._over.wait(_LOOK_EVERY):
            if not ray.is_initialized():  # the caller has ended it
                self._last_word.forget()
                return
            silent = 0.0 if self._answers() else silent + _LOOK_EVERY
            if silent >= _PATIENCE:
                self._tell()
                return

    def _answers(self) -> bool:
        host, _, port = self._address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_PROBE_SECONDS).close()
        except OSError:
            return False
        return True

    def _tell(self) -> None:
        if self._told:
            return
        self._told = True
        self._last_word.forget()
        sys.stderr.write(
            f"error: the Ray cluster at {self._address} does not answer any more: its head is gone. Ray ends this "
            "program soon, unless the head comes back; the same again on a cluster that runs goes on behind what is "
            "written\n"
        )
        sys.stderr.flush()


class LastWord:
    """A line on standard error where this process is ended before `forget`; one that ends by itself forgets.

    Args:
        line: what is said then.
    """

    def __init__(self, line: str) -> None:
        self._pipe: IO[bytes] | None = None
        # Not a child of this process, but of a shell that has ended: Ray kills the children of what it ends.
        words = ["/bin/sh", "-c", 'exec 3<&0; (read -r over <&3 || echo "$0" >&2) &', line]
        no_shell = suppress(FileNotFoundError)  # then nothing is said
        with no_shell, subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as shell:
            self._pipe, shell.stdin = shell.stdin, None
        atexit.register(self.forget)

    def forget(self) -> None:
        """Say nothing any more."""
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            atexit.unregister(self.forget)
            with suppress(BrokenPipeError), pipe:  # somebody has ended it
                pipe.write(b"over\n")

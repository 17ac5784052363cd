"""Says that the head of a cluster is gone: Ray ends the programs attached to it a minute later, without a word."""

import socket
import sys
import threading

import ray

_LOOK_EVERY = 1.0  # seconds
_PATIENCE = 5.0  # seconds; Ray ends a program that is on the node of the head soon after
_PROBE_SECONDS = 5.0


class HeadWatch:
    """Looks whether anything listens at an address, from the start to `end`; one line on standard error if not.

    Args:
        address: HOST:PORT of the head.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def end(self) -> None:
        """Look no more."""
        self._over.set()

    def _watch(self) -> None:
        host, _, port = self._address.rpartition(":")
        silent = 0.0
        while not self._over.wait(_LOOK_EVERY):
            if not ray.is_initialized():  # the caller has ended it
                return
            silent = 0.0 if answers(host, int(port)) else silent + _LOOK_EVERY
            if silent >= _PATIENCE:
                sys.stderr.write(
                    f"error: the Ray cluster at {self._address} does not answer any more: its head is gone. Ray ends "
                    "this program soon; on a cluster that runs, the same again goes on behind what is written\n"
                )
                sys.stderr.flush()
                return


def answers(host: str, port: int) -> bool:
    """Whether something listens there."""
    try:
        socket.create_connection((host.strip("[]"), port), timeout=_PROBE_SECONDS).close()
    except OSError:
        return False
    return True

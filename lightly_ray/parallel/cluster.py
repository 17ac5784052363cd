"""Attach to the Ray that is there, or start a small one and stop it afterwards.

In this order: the Ray of this process where it is initialised already; the cluster that `RAY_ADDRESS`
names; a local Ray without dashboard. What was only attached to is never stopped, and what was started here ends when
nobody in this process needs it any more: threads share it, and a lazy dataset keeps it to the end of the process.
Everything else in `parallel/` assumes a connection and never makes one itself.
"""

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import ray

from lightly_ray.errors import InvalidInputError, WorkerLostError
from lightly_ray.parallel.head_watch import HeadWatch
from lightly_ray.parallel.quiet import quiet_data_for_good, quiet_start

_PROBE_SECONDS = 10.0


@contextmanager
def connected(num_cpus: int | None = None) -> Iterator[None]:
    """A Ray for the length of a `with` block.

    Args:
        num_cpus: CPUs of a local Ray that has to be started, default all; a Ray that exists keeps its own.

    Raises:
        InvalidInputError: `RAY_ADDRESS` is no address.
        WorkerLostError: no cluster answers at `RAY_ADDRESS`.
    """
    with _OURS.lock:
        if not ray.is_initialized():
            _start(num_cpus)
            _OURS.users, _OURS.session = 0, _session()
        mine = _OURS.session is not None and _OURS.session == _session()
        _OURS.users += mine
    try:
        yield
    finally:
        if mine:
            _leave()


class _Ours:
    """The Ray that was started or attached to here, and how many blocks are in it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.session: str | None = None
        self.users = 0
        self.watch: HeadWatch | None = None


_OURS = _Ours()


def _session() -> str:
    """What tells one connection of this process from the next."""
    return str(ray.get_runtime_context().get_job_id() + ray.get_runtime_context().get_node_id())


def _leave() -> None:
    with _OURS.lock:
        _OURS.users -= 1
        if _OURS.users or _OURS.session is None or not ray.is_initialized() or _OURS.session != _session():
            return  # others are in it, it is to stay, or the caller has ended it and maybe begun one of his own
        _OURS.session = None
        if _OURS.watch is not None:
            _OURS.watch.end()
        # Disconnects from a cluster that we attached to; stops, with all its processes, one that we started.
        ray.shutdown()


def connect() -> None:
    """A Ray for the rest of the process, where there is none: a lazy dataset outlives the call that makes it.

    Raises:
        InvalidInputError: `RAY_ADDRESS` is no address.
        WorkerLostError: no cluster answers at `RAY_ADDRESS`.
    """
    with _OURS.lock:
        if not ray.is_initialized():
            _start(None)
        _OURS.session = None  # one that was started for a block stays, too


def look_for_head() -> None:
    """Say so where the head of the cluster that was attached to here is gone."""
    if _OURS.watch is not None:
        _OURS.watch.look()


def cluster_cpus() -> int:
    """CPUs of the whole cluster, at least 1. Needs a connection."""
    return max(1, int(_resources().get("CPU", 1)))


def cluster_gpus() -> int:
    """GPUs of the whole cluster. Needs a connection."""
    return int(_resources().get("GPU", 0))


def own_cpus() -> int:
    """CPUs that Ray gave to the task or actor that asks, at least 1: it may have as many threads."""
    return max(1, int(held_cpus()))


def held_cpus() -> float:
    """CPUs that Ray gave to the task or actor that asks; 0 in a driver."""
    given = ray.get_runtime_context().get_assigned_resources()  # type: ignore[no-untyped-call]  # Ray leaves it untyped
    return float(given.get("CPU", 0))


def _resources() -> dict[str, float]:
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]  # Ray leaves it untyped
    return resources


def _start(num_cpus: int | None) -> None:
    address = os.environ.get("RAY_ADDRESS", "")
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        with quiet_start():
            if address and address != "local":
                _attach(address)
            else:
                # "local": with no address at all Ray would join whichever cluster was started last on this machine.
                ray.init(
                    address="local",
                    num_cpus=num_cpus,
                    include_dashboard=False,
                    logging_level=logging.WARNING,
                    log_to_driver=False,
                )
    finally:
        # Ray takes SIGTERM over and ends the process on the spot; a handler that was there before it cleans up.
        if callable(on_sigterm) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, on_sigterm)
    if address and address != "local":  # after the quiet: what it starts keeps the standard error of its time
        _OURS.watch = HeadWatch(ray.get_runtime_context().gcs_address)
    quiet_data_for_good()


def _attach(address: str) -> None:
    _probe(address)
    try:
        ray.init(address=address, logging_level=logging.WARNING, log_to_driver=False)
    except (ConnectionError, RuntimeError) as error:
        raise WorkerLostError(f"no Ray cluster answers at RAY_ADDRESS={address}: {error}") from error


def _probe(address: str) -> None:
    # Ray itself tries for many minutes before it gives up on an address where nothing listens.
    if address == "auto":
        return
    try:
        parts = urlsplit(address if "://" in address else f"ray://{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if address.startswith(("http://", "https://")):
        raise InvalidInputError(
            f"RAY_ADDRESS={address} is the address of a dashboard, which only `ray job submit` uses: unset it, or "
            "write HOST:PORT of the cluster (6379 by default)"
        )
    if host is None or port is None:
        raise InvalidInputError(f"RAY_ADDRESS={address} is no address: write HOST:PORT, ray://HOST:PORT or auto")
    try:
        socket.create_connection((host, port), timeout=_PROBE_SECONDS).close()
    except OSError as error:
        raise WorkerLostError(f"no Ray cluster answers at RAY_ADDRESS={address}: {error}") from error

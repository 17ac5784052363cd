"""Datasets where there is no room: inside a task that holds all CPUs, and on a cluster that others have filled.

A task that waits in `ray.get` lends its CPUs to others, but one that iterates a Dataset does not: the Dataset is
executed on another thread, its tasks wait for a CPU which the caller holds, and nothing ever happens. `with_room`
executes on a thread and waits in `ray.get` meanwhile. An actor cannot lend what it holds, and other people's jobs do
not: then, after half a minute, a line on standard error says what is waited for.
"""

import asyncio
import ctypes
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import ray

from lightly_ray.parallel.cluster import held_cpus

T = TypeVar("T")
PATIENCE = 30.0  # seconds
_LOOK_EVERY = 0.2
_TO_THE_END = 10.0  # seconds that an interrupted execution gets


def with_room(work: Callable[[], T], what: str, remote_args: Mapping[str, Any] | None = None) -> T:
    """Do what executes a Dataset, and return its result; the CPUs of the task that asks are lent meanwhile.

    Args:
        work: executes a Dataset.
        what: it does, for the line that says what is waited for: "read the dataset".
        remote_args: of the tasks that it starts.
    """
    with told_of_waiting(what, remote_args):
        return _lending(work) if _can_lend() else work()


@contextmanager
def told_of_waiting(what: str, remote_args: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Say on standard error, after half a minute, that a task as those that are started here has found no place yet."""
    asked = {"num_cpus": 1, **(remote_args or {})}
    if _has_room(asked):
        yield
        return
    probe: Any = ray.remote(_nothing).options(**asked).remote()
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(probe, over, what, asked), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        if ray.is_initialized():  # else the caller has ended it, and asking would begin another
            with suppress(ray.exceptions.RayError):
                ray.cancel(probe)


def _has_room(asked: Mapping[str, Any]) -> bool:
    """Whether CPUs are all that is asked for, and are free: then a probe would only take one from those who work."""
    resources: Any = ray.available_resources  # has no types
    return set(asked) == {"num_cpus"} and resources().get("CPU", 0.0) >= asked["num_cpus"]


def _nothing() -> None:
    """What the probe does: it is there to be given a place, behind whoever asked before."""


def _watch(probe: Any, over: threading.Event, what: str, asked: Mapping[str, Any]) -> None:
    waited = 0.0
    while not over.wait(_LOOK_EVERY):
        waited += _LOOK_EVERY
        if ray.wait([probe], timeout=0, fetch_local=False)[0]:
            return
        if waited >= PATIENCE:
            sys.stderr.write(f"{what}: waiting for {_in_words(asked)}, which nothing on the cluster has free now\n")
            sys.stderr.flush()
            return


def _in_words(asked: Mapping[str, Any]) -> str:
    number = asked["num_cpus"]
    others = [f"{key}={value!r}" for key, value in asked.items() if key != "num_cpus"]
    return " and ".join([f"{number:g} CPU{'s' * (number != 1)}", *others])


def _can_lend() -> bool:
    """Whether this is the thread of a task that holds CPUs."""
    context = ray.get_runtime_context()
    if context.worker.mode != ray.WORKER_MODE or threading.current_thread() is not threading.main_thread():
        return False
    return context.get_actor_id() is None and held_cpus() > 0


class _Gate:
    """Open or shut."""

    def __init__(self) -> None:
        self._opened = asyncio.Event()

    async def wait(self) -> None:
        """Until it is open."""
        await self._opened.wait()

    async def open(self) -> None:
        """Open it."""
        self._opened.set()


def _lending(work: Callable[[], T]) -> T:
    """Work on a thread, while this one waits for Ray, which gives the CPUs of the task to others."""
    gate: Any = ray.remote(num_cpus=0)(_Gate).remote()
    answer: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answer.append(work())
        except BaseException as error:  # raised where the result is waited for
            errors.append(error)
        finally:
            gate.open.remote()

    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    try:
        ray.get(gate.wait.remote())
    except BaseException:  # the task is cancelled
        _interrupt(worker)
        raise
    finally:
        ray.kill(gate)
    worker.join()
    if errors:
        raise errors[0]
    return answer[0]


def _interrupt(worker: threading.Thread) -> None:
    """Raise KeyboardInterrupt in a thread, so that what it has started ends, and wait for that a while."""
    if worker.ident is not None and worker.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(worker.ident), ctypes.py_object(KeyboardInterrupt))
        worker.join(_TO_THE_END)

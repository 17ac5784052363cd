"""Ray's own lines kept out of the output of a program that only wanted a result.

Jobs and functions show their own progress; plans, resource reports and bars of every small Dataset would bury it. What
Ray says of errors is never held back.
"""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import ray.data

_NOTICES = "ray._private.authentication.authentication_token_setup"  # announces at every start that tokens are on
_LEVELS = {"ray.data": logging.WARNING, "ray.data._internal.progress": logging.ERROR}
_LEVEL_NOTICE = b"Set ray log level from environment variable"


@contextmanager
def quiet_start() -> Iterator[None]:
    """While Ray starts or is attached to."""
    # Every actor pool of Ray Data makes the driver print an error about its own, harmless, constructor arguments. Ray
    # announces the variable that silences it, on the file descriptor, past Python.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    with _levels({_NOTICES: logging.ERROR}), _without_line(_LEVEL_NOTICE):
        yield


@contextmanager
def quiet_data(*datasets: ray.data.Dataset) -> Iterator[None]:
    """While Datasets are executed on the way to a result: without bars and reports; afterwards as it was."""
    before = [dataset.context.enable_progress_bars for dataset in datasets]
    for dataset in datasets:
        dataset.context.enable_progress_bars = False
    try:
        with _levels(_LEVELS):
            yield
    finally:
        for dataset, shown in zip(datasets, before, strict=True):
            dataset.context.enable_progress_bars = shown


def quiet_data_for_good() -> None:
    """In a process of which the whole Ray is ours."""
    ray.data.DataContext.get_current().enable_progress_bars = False
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level)


@contextmanager
def _levels(levels: dict[str, int]) -> Iterator[None]:
    before = {name: logging.getLogger(name).level for name in levels}
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


@contextmanager
def _without_line(mark: bytes) -> Iterator[None]:
    """Standard error without the lines that hold ``mark``, whoever in this process writes them."""
    try:
        kept = os.dup(2)
    except OSError:  # a process without standard error
        yield
        return
    reading, writing = os.pipe()
    os.dup2(writing, 2)
    os.close(writing)
    # A child that Ray starts may hold the other end for long, so nobody waits for its end.
    pump = threading.Thread(target=_pump, args=(os.fdopen(reading, "rb"), kept, mark), daemon=True)
    pump.start()
    try:
        yield
    finally:
        os.dup2(kept, 2)
        pump.join(0.5)


def _pump(source: BinaryIO, target: int, mark: bytes) -> None:
    with source:
        for line in source:
            if mark not in line:
                os.write(target, line)
    os.close(target)

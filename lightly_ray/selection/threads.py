"""Threads of our own over single-threaded matrix products.

A product that BLAS spreads over its own threads leaves them spinning for a while, on the cores that the next step
needs. So products run on one BLAS thread each, on as many threads of ours as there are cores to use; BLAS and numba
release the interpreter's lock.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def on_threads(count: int, work: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """Results of ``work`` for every item, in order, on ``count`` threads."""
    with single_products():
        return list(_executor(count).map(work, items)) if count > 1 else [work(item) for item in items]


def single_products() -> AbstractContextManager[object]:
    """While it is open, BLAS runs on the calling thread."""
    limiter: AbstractContextManager[object] = _blas().limit(limits=1, user_api="blas")
    return limiter


@lru_cache
def _executor(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, thread_name_prefix="selection")


# The threads of a pool are not there in a forked child, which would wait for them for ever.
os.register_at_fork(after_in_child=_executor.cache_clear)


@lru_cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()

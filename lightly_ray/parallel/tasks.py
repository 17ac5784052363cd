"""Independent pieces of work as Ray tasks, answered in any order."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import ray

from lightly_ray.parallel.cluster import cluster_cpus
from lightly_ray.parallel.errors import plain_errors

T = TypeVar("T")


def run_tasks(
    work: Callable[..., T], shared: Sequence[Any], items: Sequence[tuple[Any, ...]]
) -> Iterator[tuple[tuple[Any, ...], T]]:
    """Call ``work(*shared, *item)`` for every item, one CPU each; yield each item with its answer when it is there.

    Args:
        work: a function that depends on its arguments alone; it may be called again where a worker is lost.
        shared: its first arguments, put into the object store once.
        items: its others.
    """
    kept = [ray.put(one) for one in shared]
    task = ray.remote(_call).options(name=f"lightly_ray {work.__name__.strip('_')}")
    waiting: dict[Any, tuple[Any, ...]] = {}
    left = list(items)[::-1]
    with plain_errors():
        while left or waiting:
            while left and len(waiting) < 2 * cluster_cpus():
                item = left.pop()
                waiting[task.remote(work, *kept, *item)] = item
            done, _ = ray.wait(list(waiting), num_returns=1)
            for one in done:
                yield waiting.pop(one), ray.get(one)


def _call(work: Callable[..., T], *arguments: Any) -> T:
    return work(*arguments)

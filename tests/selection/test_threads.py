"""The pool of threads, in a process that forks."""

import multiprocessing

import numpy as np

import lightly_ray

DATA = np.random.default_rng(0).normal(size=(500, 16)).astype(np.float32)


def _select(_: int) -> list[int]:
    selection = lightly_ray.select(DATA, 20, progress=False)
    return [int(one) for one in selection.ids]


def test_select__in_a_forked_child_of_a_process_that_selected() -> None:
    first = _select(0)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map_async(_select, range(3)).get(120) == [first] * 3

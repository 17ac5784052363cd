"""The pool of threads, in a process that forks."""

import subprocess
import sys

# A process of its own: the one that runs the tests may have a Ray, whose threads and handlers no fork survives.
PROGRAM = """
import multiprocessing
import numpy as np
import lightly_ray

DATA = np.random.default_rng(0).normal(size=(500, 16)).astype(np.float32)

def chosen(_):
    return lightly_ray.select(DATA, 20, progress=False).ids

first = chosen(0)
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map_async(chosen, range(3)).get(100) == [first] * 3
"""


def test_select__in_a_forked_child_of_a_process_that_selected() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, timeout=120)

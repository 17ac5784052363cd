"""Compiled functions, with and without a place to keep them."""

import os
import subprocess
import sys

from lightly_ray.compiled import compiled

PROGRAM = """
import numpy as np
from lightly_ray.scores.classification import margin
from lightly_ray.selection.distance import distances
print(distances(np.array([[3.0, 4.0]]), np.zeros(2))[0])
"""


@compiled()
def _twice(value):  # type: ignore[no-untyped-def]  # compiled per dtype
    return value + value


def test_compiled__computes_in_the_dtype_of_its_argument() -> None:
    assert _twice(3) == 6
    assert _twice(0.25) == 0.5


def test_compiled__works_where_nothing_can_be_kept() -> None:
    nowhere = {**os.environ, "NUMBA_CACHE_LOCATOR_CLASSES": "ZipCacheLocator"}  # of packages in zip files alone
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=nowhere, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "5.0", done.stderr

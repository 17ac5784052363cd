"""Compiled functions, with and without a place to keep them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lightly_ray.compiled import compiled

PROJECT = Path(__file__).parents[1]
PROGRAM = """
import numpy as np
from lightly_ray.scores.classification import margin
from lightly_ray.selection import distance
from lightly_ray.selection.distance import distances
print(distances(np.array([[3.0, 4.0]]), np.zeros(2))[0])
kernels = [one for one in vars(distance).values() if hasattr(one, "stats")]
print(min(1, sum(sum(one.stats.cache_hits.values()) for one in kernels)))
"""


@compiled()
def _twice(value):  # type: ignore[no-untyped-def]  # compiled per dtype
    return value + value


def test_compiled__computes_in_the_dtype_of_its_argument() -> None:
    assert _twice(3) == 6
    assert _twice(0.25) == 0.5


def test_compiled__works_where_nothing_can_be_kept() -> None:
    done = _run(PROJECT, NUMBA_CACHE_DIR="/dev/null/nowhere")
    assert done.stdout.split() == ["5.0", "0"], done.stderr


def test_compiled__once_for_all_folders_that_it_is_run_from(tmp_path: Path) -> None:
    """As a job under ``--working-dir`` does: another copy of the same sources, with other times."""
    kept = tmp_path / "cache"
    for copy, hits in (("one", "0"), ("other", "1")):
        shutil.copytree(
            PROJECT / "lightly_ray", tmp_path / copy / "lightly_ray", ignore=shutil.ignore_patterns("__pycache__")
        )
        os.utime(tmp_path / copy / "lightly_ray" / "selection" / "distance.py", (1, len(copy)))
        done = _run(tmp_path / copy, XDG_CACHE_HOME=str(kept))
        assert done.stdout.split() == ["5.0", hits], done.stderr
    (version,) = (kept / "lightly_ray" / "kernels").iterdir()
    assert version.stat().st_mode & 0o777 == 0o700
    assert list(version.glob("lightly_ray.selection.distance._distances-*.nbc"))
    assert not list(tmp_path.rglob("*.nbi"))  # numba's own, beside the sources

    # Another version has a folder of its own; one that was not used for long is deleted.
    os.utime(version, (1, 1))
    with (tmp_path / "other" / "lightly_ray" / "methods.py").open("a") as file:
        file.write("\n")
    done = _run(tmp_path / "other", XDG_CACHE_HOME=str(kept))
    assert done.stdout.split() == ["5.0", "0"], done.stderr
    (newer,) = (kept / "lightly_ray" / "kernels").iterdir()
    assert newer != version


@pytest.mark.full
def test_compiled__what_is_kept_needs_nothing_of_what_compiles(tmp_path: Path) -> None:
    program = """
import sys
import numpy as np
import lightly_ray
X = np.random.default_rng(0).normal(size=(400, 9)).astype(np.float32)
print(lightly_ray.select(X, 300, "coreset", progress=False).ids[-1])
print(lightly_ray.select(X, 300, "coral", scores=X[:, 0] ** 2, progress=False).ids[-1])
print("numba.np.arraymath" in sys.modules)
"""
    first, second = (_run(PROJECT, program, NUMBA_CACHE_DIR=str(tmp_path)).stdout.split() for _ in range(2))
    assert first[2:] == ["True"]
    assert second == [*first[:2], "False"]


@pytest.mark.full
def test_compiled__a_folder_that_others_can_write_to_is_not_used(tmp_path: Path) -> None:
    foreign = tmp_path / "lightly_ray" / "kernels"
    foreign.mkdir(parents=True)
    foreign.chmod(0o777)
    done = _run(PROJECT, NUMBA_CACHE_DIR=str(tmp_path))
    assert done.stdout.split() == ["5.0", "0"], done.stderr
    assert not list(foreign.iterdir())
    foreign.rmdir()
    foreign.symlink_to(tmp_path)
    assert _run(PROJECT, NUMBA_CACHE_DIR=str(tmp_path)).stdout.split() == ["5.0", "0"]
    assert [path.name for path in tmp_path.iterdir()] == ["lightly_ray"]


def _run(folder: Path, program: str = PROGRAM, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program with the package of a folder; by default: a distance, and how many compiled functions were found."""
    inherited = {name: value for name, value in os.environ.items() if name not in {"NUMBA_CACHE_DIR", "XDG_CACHE_HOME"}}
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )

"""The nearest neighbours in cells: all pairs where these are in reach, and what holds where they are not."""

import os
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lightly_ray.selection import neighbours
from lightly_ray.selection.neighbours import nearest_in_cells
from lightly_ray.selection.random_draw import random_keys
from lightly_ray.selection.whole_numbers import whole_vectors


def _kinds(count: int) -> dict[str, NDArray[np.float32]]:
    random = np.random.default_rng(6)
    centres = 4 * random.normal(size=(7, 9))
    rows = {
        "clusters": centres[random.integers(0, 7, count)] + random.normal(size=(count, 9)),
        "anywhere": random.normal(size=(count, 12)),
        "duplicates": random.normal(size=(40, 5))[random.integers(0, 40, count)],
        "all equal": np.ones((count, 3)),
        "few directions": random.integers(-1, 2, size=(count, 4)) + 0.001,
    }
    return {kind: whole_vectors(x / np.linalg.norm(x, axis=1, keepdims=True)) for kind, x in rows.items()}


def _of_all_pairs(vectors: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    whole = vectors.astype(np.float64)
    norms = np.square(whole).sum(axis=1)
    squared = (norms[:, None] + norms - 2 * (whole @ whole.T)).astype(np.int64)
    np.fill_diagonal(squared, np.iinfo(np.int64).max)
    return np.asarray(np.sort(squared, axis=1)[:, :count])


SMALL, LARGE = _kinds(1500), _kinds(6000)


@pytest.mark.parametrize("kind", SMALL)
@pytest.mark.parametrize(("count", "searches"), [(1, 4), (20, 1), (20, 4), (255, 1), (300, 4)])
def test_nearest_in_cells__is_all_pairs_where_all_are_in_reach(
    kind: str, count: int, searches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "_SEARCHES", searches)
    found = nearest_in_cells(SMALL[kind], random_keys(range(1500), 0), count)
    np.testing.assert_array_equal(found, _of_all_pairs(SMALL[kind], count))


@pytest.mark.parametrize("kind", LARGE)
def test_nearest_in_cells__knows_neither_the_order_of_rows_nor_threads(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "CANDIDATES", 300)  # of 6,000
    keys, order = random_keys(range(6000), 0), np.random.default_rng(1).permutation(6000)
    found = nearest_in_cells(LARGE[kind], keys, 20)
    np.testing.assert_array_equal(nearest_in_cells(LARGE[kind][order], keys[order], 20), found[order])
    for threads in (1, 3):
        monkeypatch.setattr(os, "cpu_count", lambda threads=threads: threads)
        np.testing.assert_array_equal(nearest_in_cells(LARGE[kind], keys, 20), found)


@pytest.mark.parametrize(
    ("kind", "recall"), [("clusters", 0.95), ("anywhere", 0.65), ("duplicates", 1), ("all equal", 1)]
)
def test_nearest_in_cells__finds_most_of_them(kind: str, recall: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "CANDIDATES", 300)
    found, exact = nearest_in_cells(LARGE[kind], random_keys(range(6000), 0), 20), _of_all_pairs(LARGE[kind], 20)
    assert (found >= exact).all()
    assert (found <= exact[:, -1:]).mean() >= recall


@pytest.mark.parametrize("kind", LARGE)
def test_cut__cells_are_parts_of_bounded_size(kind: str) -> None:
    cells: Any = neighbours._cut(LARGE[kind], np.argsort(random_keys(range(6000), 0)))
    assert sorted(np.concatenate(cells)) == list(range(6000))
    sizes = [len(rows) for rows in cells]
    assert max(sizes) <= 256
    assert min(sizes) >= 25  # a tenth of 257

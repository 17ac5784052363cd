"""Clusters: against a plain reference, its properties, and the door."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lightly_ray
from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel.selection import cluster_pool
from lightly_ray.selection.cluster import _exponential, cluster
from lightly_ray.selection.random_draw import random_keys
from lightly_ray.selection.whole_numbers import whole_vectors, whole_weights

RANDOM = np.random.default_rng(4)
X = RANDOM.normal(size=(160, 5)) + 3 * RANDOM.normal(size=(8, 5))[RANDOM.integers(0, 8, 160)]
X /= np.linalg.norm(X, axis=1, keepdims=True)
X[30:36] = X[40]  # near-duplicates
NAMES = [f"{number:03d}.png" for number in RANDOM.permutation(160)]
SCORES = RANDOM.random(160)


def _squared(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.int64]:
    return np.asarray(np.square(first.astype(np.int64) - second.astype(np.int64)).sum(axis=-1))


def _drawn(vectors: Any, weights: Any, keys: Any, selected: Any, picks: int) -> list[int]:
    near = np.array([min((int(_squared(one, other)) for other in selected), default=-1) for one in vectors])
    chosen: list[int] = []
    for step in range(picks):
        races = {}
        for row, distance in enumerate(near):
            chance = int(weights[row]) * (1 if distance < 0 else int(distance))
            if row not in chosen and chance:
                races[row] = _exponential(keys[[row]], step)[0] / chance
        left = [row for row in range(len(vectors)) if row not in chosen]
        left = [row for row in left if weights[row]] or left
        chosen.append(min(races, key=races.__getitem__) if races else min(left, key=keys.__getitem__))
        to_it = _squared(vectors, vectors[chosen[-1]])
        near = np.where(near < 0, to_it, np.minimum(near, to_it))
    return chosen


def _reference(vectors: Any, weights: Any, keys: Any, selected: Any, picks: int) -> list[int]:
    """Sample by sample and cell by cell."""
    centres = vectors[_drawn(vectors, weights, keys, selected, picks)].astype(np.int64)
    cells: list[int] = []
    for _ in range(10):
        before, cells = cells, []
        for one in vectors:
            distances = _squared(centres, one)
            inside = not len(selected) or distances.min() < _squared(selected, one).min()
            cells.append(int(distances.argmin()) if inside else -1)
        if cells == before:
            break
        for cell in set(cells) - {-1}:
            rows = [row for row, other in enumerate(cells) if other == cell]
            if weights[rows].sum():
                centres[cell] = np.rint((vectors[rows] * weights[rows, None]).sum(axis=0) / weights[rows].sum())
    picked: list[int] = []
    for cell in range(picks):
        left = [row for row in range(len(vectors)) if row not in picked]
        left = [row for row in left if weights[row]] or left
        offered = [row for row in left if cells[row] == cell] or left
        picked.append(min(offered, key=lambda row: (int(_squared(vectors[row], centres[cell])), keys[row])))
    return picked


@pytest.mark.parametrize("picks", [1, 7, 40, 160])
@pytest.mark.parametrize("selected", [0, 6])
@pytest.mark.parametrize("weighted", [False, True])
def test_cluster__is_the_reference(picks: int, selected: int, weighted: bool) -> None:
    vectors, keys = whole_vectors(X), random_keys(NAMES, 3)
    weights = whole_weights(np.where(SCORES < 0.1, 0, SCORES) if weighted else None, 160)
    before = vectors[RANDOM.integers(0, 160, selected)]
    found = cluster(vectors, weights, keys, before, picks)
    assert found.tolist() == _reference(vectors, weights, keys, before, picks)
    assert len(set(found.tolist())) == picks


def test_select__cluster() -> None:
    options: dict[str, Any] = {"ids": NAMES, "preselected": NAMES[:4], "progress": False}
    found = lightly_ray.select(X, 12, "cluster", scores=SCORES, **options)
    rows = np.setdiff1d(np.arange(160), np.arange(4))
    some = np.sort(rows[np.argsort(-SCORES[rows], kind="stable")[:80]])  # ten times the picks
    vectors, keys = whole_vectors(X), random_keys([NAMES[row] for row in some], 0)
    expected = _reference(vectors[some], whole_weights(SCORES[some], 80), keys, vectors[:0], 8)
    assert found.rows[4:].tolist() == some[expected].tolist()
    np.testing.assert_array_equal(found.gains, SCORES[found.rows[4:]])
    plain = lightly_ray.select(X, 12, "CLUSTER", **options)
    keys = random_keys([NAMES[row] for row in rows], 0)
    repelled = _reference(vectors[rows], whole_weights(None, 156), keys, vectors[:4], 8)
    assert plain.rows[4:].tolist() == rows[repelled].tolist()


@pytest.mark.parametrize("scores", [None, SCORES, SCORES.round(1), SCORES > 0.9, np.full(160, 0.5), np.zeros(160)])
@pytest.mark.parametrize("most", [50, 50_000])
@pytest.mark.parametrize("normalize", [True, "whiten"])
def test_select__cluster_does_not_know_the_order_of_rows(
    scores: NDArray[Any] | None, most: int, normalize: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_pool, "MOST", most)
    numbers = None if scores is None else scores.astype(np.float64)
    options: dict[str, Any] = {"preselected": NAMES[:4], "normalize": normalize, "progress": False}
    vectors = np.repeat(X[:40], 4, axis=0)  # each four times: of equals as many as can be
    found = lightly_ray.select(vectors, 12, "cluster", ids=NAMES, scores=numbers, **options)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(160)
        given = {**options, "ids": [NAMES[row] for row in order], "scores": None if numbers is None else numbers[order]}
        again = lightly_ray.select(vectors[order], 12, "cluster", **given)
        assert again.ids == found.ids
        np.testing.assert_array_equal(again.gains, found.gains)
    assert lightly_ray.select(vectors, 12, "cluster", ids=NAMES, scores=numbers, seed=5, **options).ids != found.ids


@pytest.mark.parametrize("value", [0, 0.25, 1])
@pytest.mark.parametrize("most", [50, 50_000])
def test_select__cluster_of_equal_scores_is_that_without_any(
    value: float, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_pool, "MOST", most)
    options: dict[str, Any] = {"ids": NAMES, "preselected": NAMES[:4], "progress": False}
    plain = lightly_ray.select(X, 7, "cluster", **options)
    found = lightly_ray.select(X, 7, "cluster", scores=np.full(160, value), **options)
    assert found.ids == plain.ids
    assert found.gains.tolist() == [value] * 3


@pytest.mark.parametrize("least", [0.5, 1e-9])
@pytest.mark.parametrize("picks", [5, 30, 60])
def test_select__cluster_picks_what_scores_before_what_does_not(least: float, picks: int) -> None:
    scores = np.zeros(160)
    scores[100:140] = least  # so small that a weight beside 1 is rounded to 0
    scores[10:16] = 1
    found = lightly_ray.select(X, picks, "cluster", ids=NAMES, scores=scores, progress=False)
    assert (found.gains > 0).sum() == min(picks, 46)
    alike = lightly_ray.select(np.repeat(X[:2], 80, axis=0), picks, "cluster", scores=scores, progress=False)
    assert (alike.gains > 0).sum() == min(picks, 46)


def test_select__cluster_takes_the_smallest_keys_of_equal_scores() -> None:
    scores = np.full(160, 0.5)
    scores[:4] = 1
    found = lightly_ray.select(X, 2, "cluster", ids=NAMES, scores=scores, progress=False)
    keys = random_keys(NAMES, 0)
    some = np.argsort(np.where(scores == 1, 0, keys), kind="stable")[:20]
    expected = _reference(whole_vectors(X)[some], whole_weights(scores[some], 20), keys[some], X[:0], 2)
    assert found.rows.tolist() == some[expected].tolist()
    assert some.max() > 20  # the lowest rows are not all that is considered


def test_select__cluster_of_nothing_to_pick() -> None:
    for scores in (None, SCORES):
        found = lightly_ray.select(X, 4, "cluster", preselected=[0, 1, 2, 3], scores=scores, progress=False)
        assert (found.ids, found.added_ids) == ([0, 1, 2, 3], [])


def test_select__cluster_of_more_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_pool, "MOST", 50)
    found = lightly_ray.select(X, 9, "cluster", ids=NAMES, progress=False)
    order = RANDOM.permutation(160)
    names = [NAMES[row] for row in order]
    assert lightly_ray.select(X[order], 9, "cluster", ids=names, progress=False).ids == found.ids
    with pytest.raises(InvalidInputError, match=r"cluster picks at most 50 samples at a time, 51 were asked for"):
        lightly_ray.select(X, 51, "cluster", progress=False)


def test_select__cluster_of_few_distinct_rows() -> None:
    alike = np.repeat(X[[0, 50]], 6, axis=0)
    found = lightly_ray.select(alike, 2, "cluster", progress=False).rows
    assert sorted(row // 6 for row in found) == [0, 1]
    assert sorted(lightly_ray.select(alike, 12, "cluster", progress=False).rows) == list(range(12))
    assert len(set(lightly_ray.select(X, 20, "cluster", scores=np.zeros(160), progress=False).ids)) == 20
    with pytest.raises(InvalidInputError, match=r"have no finite score of 0 or more"):
        lightly_ray.select(X, 20, "cluster", scores=-SCORES, progress=False)

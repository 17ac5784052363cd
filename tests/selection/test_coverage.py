"""Coverage: against the plain greedy in whole numbers and in float64, and its properties."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lightly_ray
from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel.selection import cover_pool
from lightly_ray.selection import coverage
from lightly_ray.selection.class_agreement import directions
from lightly_ray.selection.coverage import Pool, automatic_sigma, cover, covered_by
from lightly_ray.selection.kernel import Kernel, Samples
from lightly_ray.selection.random_draw import random_keys, smallest
from lightly_ray.selection.whole_numbers import nearest_selected, whole_vectors, whole_weights
from tests.selection.facility_location import greedy

RANDOM = np.random.default_rng(3)


def _unit(count: int, width: int) -> NDArray[np.float64]:
    vectors = RANDOM.normal(size=(count, width)) + 2 * RANDOM.normal(size=(6, width))[RANDOM.integers(0, 6, count)]
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _whole_kernel(pool: NDArray[Any], candidates: NDArray[Any], sigma: float) -> NDArray[np.int64]:
    """The kernel by its definition, on vectors in steps."""
    kernel = np.rint(2**15 * np.exp(-(_squared(pool, candidates) // 1024 * 1024) / (4000 * sigma) ** 2))
    return np.asarray(kernel, np.int64)


def _uncovered(vectors: NDArray[np.float32], weights: NDArray[np.int64] | None = None) -> Pool:
    count = len(vectors)
    weights = whole_weights(None, count) if weights is None else weights
    return Pool(Samples(vectors), weights, np.zeros(count, np.uint16))


def _squared(pool: NDArray[Any], candidates: NDArray[Any]) -> NDArray[np.int64]:
    return np.asarray(np.square(candidates[:, None].astype(np.int64) - pool[None].astype(np.int64)).sum(axis=2))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("selected", [0, 5])
@pytest.mark.parametrize("sigma", [0.2, 0.7, 5.0])
def test_cover__is_the_greedy(weighted: bool, selected: int, sigma: float) -> None:
    vectors = whole_vectors(_unit(180, 9))
    vectors[50:60] = vectors[20:30]  # equal rows: the lower one wins
    before, pool = vectors[:selected], vectors[selected:]
    weights = whole_weights(RANDOM.random(len(pool)) if weighted else None, len(pool))
    kernel = _whole_kernel(pool, pool, sigma)
    covered = np.zeros(len(pool), np.int64)
    samples, by_sigma = Samples(pool), Kernel(sigma)
    already = covered_by(Samples(before), samples, by_sigma)
    if selected:
        covered = _whole_kernel(before, pool, sigma).max(axis=1)
        np.testing.assert_array_equal(nearest_selected(pool, before), _squared(before, pool).min(axis=1))
    np.testing.assert_array_equal(already, covered)
    found = cover(Pool(samples, weights, already), samples, by_sigma, 40)
    assert found.picks.tolist() == greedy(kernel, weights, covered, 40)
    covered = np.maximum(covered, kernel[found.picks].max(axis=0))
    assert found.value == pytest.approx((weights * covered).sum() / (weights.sum() * 2**15), rel=1e-12)
    assert found.bound >= found.value


@pytest.mark.parametrize("classes", [None, 5])
def test_cover__half_of_a_kernel_and_all_threads_make_no_difference(
    classes: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = whole_vectors(_unit(700, 9))  # three blocks
    predicted = None if classes is None else directions(RANDOM.dirichlet(np.full(classes, 0.3), 700))
    samples, again = Samples(vectors, predicted), Samples(vectors, predicted)
    pool = Pool(samples, whole_weights(RANDOM.random(700), 700), np.zeros(700, np.uint16))
    whole = cover(pool, again, Kernel(0.7), 50)
    kernel = np.empty((700, 700), np.uint16)
    Kernel(0.7).between(again, samples, kernel)
    assert whole.picks.tolist() == greedy(kernel.astype(np.int64), pool.weights, pool.covered, 50)
    assert cover(pool, samples, Kernel(0.7), 50).picks.tolist() == whole.picks.tolist()
    monkeypatch.setattr(coverage, "_PAYS", 1)
    assert cover(pool, samples, Kernel(0.7), 50).picks.tolist() == whole.picks.tolist()


def test_cover__is_near_the_kernel_of_the_paper() -> None:
    unit = _unit(200, 16)
    exact = np.exp(-np.square(unit[:, None] - unit[None]).sum(axis=2) / 0.7**2)
    vectors = whole_vectors(unit)
    found = cover(_uncovered(vectors), Samples(vectors), Kernel(0.7), 20)
    assert found.value == pytest.approx(exact[found.picks].max(axis=0).mean(), abs=2e-4)


def test_cover__bound_is_above_the_best_and_value_within_1_minus_1_over_e() -> None:
    vectors = whole_vectors(_unit(14, 3))
    weights = whole_weights(RANDOM.random(14), 14)
    kernel = _whole_kernel(vectors, vectors, 0.5)
    best = max((weights * kernel[list(some)].max(axis=0)).sum() for some in combinations(range(14), 3))
    best /= weights.sum() * 2**15
    found = cover(_uncovered(vectors, weights), Samples(vectors), Kernel(0.5), 3)
    assert (1 - 1 / np.e) * best <= found.value <= best <= found.bound


def test_cover__a_duplicate_gains_nothing() -> None:
    vectors = whole_vectors(np.repeat(_unit(4, 5), 3, axis=0))
    found = cover(_uncovered(vectors), Samples(vectors), Kernel(0.7), 12)
    assert sorted(found.picks[:4] // 3) == [0, 1, 2, 3]
    assert (found.gains[:4] > 0).all()
    assert (found.gains[4:] == 0).all()
    assert (found.value, found.bound) == (1, 1)
    assert found.picks[4:].tolist() == sorted(found.picks[4:])


def test_automatic_sigma__shrinks_as_labels_grow() -> None:
    vectors = whole_vectors(_unit(400, 4))
    widths = [automatic_sigma(nearest_selected(vectors, vectors[:count])) for count in (1, 10, 100, 400)]
    assert automatic_sigma(None) == 0.7
    assert widths == sorted(widths, reverse=True)
    assert widths[0] == 0.7
    assert widths[-1] == 0.1


X = _unit(300, 7) * RANDOM.uniform(0.5, 3, size=(300, 1))  # coverage looks at directions
NAMES = [f"{number:03d}.png" for number in RANDOM.permutation(300)]


def test_select__coverage(tmp_path: Any) -> None:
    scores = RANDOM.random(300)
    query, before = NAMES[:200], [NAMES[5], NAMES[250]]
    options: dict[str, Any] = {"ids": NAMES, "query": query, "preselected": before, "progress": False}
    found = lightly_ray.select(X, 40, "coverage", scores=scores, **options)
    vectors = whole_vectors(X / np.linalg.norm(X, axis=1, keepdims=True))
    rows = np.array([row for row in range(200) if row != 5])
    nearest = nearest_selected(vectors[rows], vectors[[5, 250]])
    sigma = automatic_sigma(nearest)
    pool, kernel = Samples(vectors[rows]), Kernel(sigma)
    before_them = covered_by(Samples(vectors[[5, 250]]), pool, kernel)
    expected = cover(Pool(pool, whole_weights(scores[rows], 199), before_them), pool, kernel, 38)
    assert found.rows.tolist() == [5, 250, *rows[expected.picks]]
    assert found.coverage is not None
    assert (found.coverage.sigma, found.coverage.covered, found.coverage.considered) == (sigma, 199, 199)
    assert found.summary()["coverage"]["value"] == found.coverage.value  # type: ignore[index]  # JSON
    assert (found.radius, found.normalize) == (None, True)
    assert found.gains.sum() + 0 <= found.coverage.value <= found.coverage.bound <= 1
    order = RANDOM.permutation(300)  # of the rows: the same samples
    same = lightly_ray.select(
        X[order], 40, "COVERAGE", scores=scores[order], **{**options, "ids": [NAMES[row] for row in order]}
    )
    assert same.ids == found.ids
    plain = lightly_ray.select(X, 40, "coverage", **options)
    assert plain.ids != found.ids
    assert plain.ids == lightly_ray.select(X, 40, "coverage", scores=np.full(300, 0.3), **options).ids
    assert plain.ids == lightly_ray.select(X, 40, "coverage", scores=np.zeros(300), **options).ids
    assert plain.ids != lightly_ray.select(X, 40, "coverage", sigma=0.2, **options).ids
    whitened = lightly_ray.select(X, 40, "coverage", normalize="whiten", **options)
    assert whitened.whitening is not None


def test_select__coverage_of_more_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cover_pool, "MOST", 100)
    scores = RANDOM.random(300)
    found = lightly_ray.select(X, 30, "coverage", ids=NAMES, scores=scores, progress=False)
    assert found.coverage is not None
    assert (found.coverage.covered, found.coverage.considered) == (100, 100)
    order = RANDOM.permutation(300)
    names = [NAMES[row] for row in order]
    again = lightly_ray.select(X[order], 30, "coverage", ids=names, scores=scores[order], progress=False)
    assert set(again.ids) == set(found.ids)
    sample = smallest(random_keys(NAMES, 0), 100)
    # Samples of large weight are considered though nobody has to cover them.
    beside = scores[np.setdiff1d(found.rows, sample)]
    assert len(beside)
    assert beside.min() >= np.sort(scores)[-50]
    with pytest.raises(InvalidInputError, match="picks at most 100 samples at a time, 150 were asked for"):
        lightly_ray.select(X, 150, "coverage", progress=False)


@pytest.mark.parametrize("scores", [np.full(300, 0.5), np.arange(300) % 3 == 0])
def test_select__coverage_of_equal_weights_of_more_than_fits(
    scores: NDArray[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cover_pool, "MOST", 60)
    order = np.random.default_rng(0).permutation(300)
    numbers = scores.astype(np.float64)
    found = lightly_ray.select(X, 60, "coverage", ids=NAMES, scores=numbers, progress=False)
    names = [NAMES[row] for row in order]
    again = lightly_ray.select(X[order], 60, "coverage", ids=names, scores=numbers[order], progress=False)
    assert set(again.ids) == set(found.ids)
    plain = lightly_ray.select(X, 60, "coverage", ids=NAMES, progress=False)
    assert (found.ids == plain.ids) == (len(set(numbers)) == 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sigma": 0}, "sigma must be 'auto' or a number above 0, got 0"),
        ({"sigma": "wide"}, "sigma must be 'auto' or a number above 0, got 'wide'"),
        ({"sigma": float("nan")}, "sigma must be 'auto' or a number above 0"),
        ({"sigma": 0.5, "method": "coreset"}, r"sigma=0.5 is of coverage, method coreset has none"),
        ({"min_distance": 0.5}, r"min_distance=0.5 is of distances, method coverage does not pick by them"),
        ({"scores": np.full(300, -1.0)}, "300 of 300 samples that may be selected have no finite score of 0 or more"),
        ({"scores": np.full(300, np.nan)}, "have no finite score of 0 or more"),
        ({"memory_limit": 1000}, "keeps 2 bytes for each of 90,000 pairs of samples, memory_limit allows 1,000"),
    ],
)
def test_select__coverage_bad_input(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        lightly_ray.select(X, 10, **{"method": "coverage", "progress": False, **options})


def test_select__coverage_of_alike_rows() -> None:
    assert lightly_ray.select(np.ones((5, 3)), 3, "coverage", progress=False).ids == [0, 1, 2]
    zero = X.copy()
    zero[7] = 0
    with pytest.raises(InvalidInputError, match="7: the embedding is zero"):
        lightly_ray.select(zero, 3, "coverage", progress=False)
    with pytest.warns(UserWarning, match="1 samples that may be selected were left out"):
        assert 7 not in lightly_ray.select(zero, 299, "coverage", on_error="skip", progress=False).ids

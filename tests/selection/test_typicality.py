"""Typicality against its formula, and its search in cells."""

import numpy as np
import pytest

from lightly_ray.selection import neighbours
from lightly_ray.selection import typicality as module
from lightly_ray.selection.random_draw import random_keys
from lightly_ray.selection.typicality import typicality
from lightly_ray.selection.whole_numbers import whole_vectors

RANDOM = np.random.default_rng(8)
X = RANDOM.normal(size=(300, 6))
X /= np.linalg.norm(X, axis=1, keepdims=True)
X[10:40] = X[10]
KEYS = random_keys(range(300), 0)


@pytest.mark.parametrize("neighbours", [1, 5, 20, 400])
def test_typicality__is_the_formula(neighbours: int) -> None:
    vectors = whole_vectors(X)
    exact = vectors.astype(np.float64)
    distances = np.sort(np.sqrt(np.square(exact[:, None] - exact[None]).sum(axis=2)), axis=1)
    expected = 4000 / np.maximum(1, distances[:, 1 : neighbours + 1].mean(axis=1))
    np.testing.assert_allclose(typicality(vectors, KEYS, neighbours), expected, rtol=1e-12)
    order = RANDOM.permutation(300)
    again = typicality(vectors[order], KEYS[order], neighbours)
    np.testing.assert_array_equal(again, typicality(vectors, KEYS, neighbours)[order])


def test_typicality__of_duplicates_is_finite() -> None:
    assert typicality(whole_vectors(X), KEYS)[10:40].tolist() == [4000] * 30
    assert typicality(whole_vectors(X[:2]), KEYS[:2]).shape == (2,)


def test_typicality__of_one_sample_alone_is_1() -> None:
    assert typicality(whole_vectors(X[:1]), KEYS[:1]).tolist() == [1]
    assert typicality(whole_vectors(X[:0]), KEYS[:0]).tolist() == []


def test_typicality__of_more_than_all_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = whole_vectors(X)
    expected = typicality(vectors, KEYS, 7)
    monkeypatch.setattr(module, "MOST_PAIRS_OF", 299)
    np.testing.assert_array_equal(typicality(vectors, KEYS, 7), expected)  # so few are all in reach
    monkeypatch.setattr(neighbours, "CANDIDATES", 30)
    monkeypatch.setattr(neighbours, "_CELL", 20)
    found = typicality(vectors, KEYS, 7)
    assert (found <= expected).all()
    assert (found < expected).any()

"""Typicality against its formula, and products of scores at the door."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import lightly_ray
from lightly_ray.errors import InvalidInputError
from lightly_ray.scores.classification import margin
from lightly_ray.selection import neighbours
from lightly_ray.selection import typicality as module
from lightly_ray.selection.random_draw import random_keys
from lightly_ray.selection.typicality import typicality
from lightly_ray.selection.whole_numbers import whole_vectors

RANDOM = np.random.default_rng(8)
X = RANDOM.normal(size=(300, 6))
X /= np.linalg.norm(X, axis=1, keepdims=True)
X[10:40] = X[10]
P = RANDOM.dirichlet([1, 1, 1], 300)
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


def test_select__products_of_scores() -> None:
    options: dict[str, Any] = {"method": "coral", "progress": False, "preselected": [0, 1]}
    typical = typicality(whole_vectors(X), KEYS)
    expected = lightly_ray.select(X, 20, scores=margin(P) * typical**2, **options).ids
    powers = {"uncertainty_margin": 1, "typicality": 2}
    assert lightly_ray.select(X, 20, predictions=P, score=powers, **options).ids == expected
    assert lightly_ray.select(X, 20, predictions=P, scores=powers, **options).ids == expected
    names = [f"{row}" for row in range(300)]
    table = pa.table({"filename": names[::-1], "uncertainty_margin": margin(P)[::-1], "size": np.arange(300.0)[::-1]})
    named: dict[str, Any] = {**options, "ids": names, "preselected": ["0", "1"]}
    found = lightly_ray.select(X, 20, scores=table, score=powers, **named).ids
    assert [int(name) for name in found] == expected
    several = lightly_ray.select(X, 20, scores=table, score={"size": 0.5, "uncertainty_margin": 2}, **named).ids
    by_hand = lightly_ray.select(X, 20, scores=np.arange(300) ** 0.5 * margin(P) ** 2, **options).ids
    assert [int(name) for name in several] == by_hand
    alone = lightly_ray.select(X, 20, "active_learning", score={"typicality": 1}, progress=False)
    assert alone.rows.tolist() == np.argsort(-typical, kind="stable")[:20].tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"score": {"typicality": 0}}, r"the exponent of the score 'typicality' must be a number above 0, got 0"),
        ({"score": {"typicality": float("nan")}}, r"must be a number above 0, got nan"),
        ({"score": {"typicality": True}}, r"must be a number above 0, got True"),
        ({"score": {}}, r"score=\{\} names no score"),
        ({"predictions": P, "score": {"beauty": 1, "typicality": 1}}, r"predictions have no score 'beauty'"),
        ({"score": {"uncertainty_margin": 1}}, r"where they come from a table or from predictions"),
        ({"method": "coreset", "score": {"typicality": 1}}, r"method coreset uses no scores"),
    ],
)
def test_select__powers_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        lightly_ray.select(X, 20, **{"method": "coral", "progress": False, **options})


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


def test_select__typicality_needs_memory() -> None:
    options: dict[str, Any] = {"method": "coral", "score": {"typicality": 1}, "progress": False}
    with pytest.raises(InvalidInputError, match=r"typicality keeps [\d,]+ bytes for 300 samples .* allows 100,000"):
        lightly_ray.select(X, 20, memory_limit=100_000, **options)
    assert lightly_ray.select(X, 20, memory_limit=1_000_000, **options).ids

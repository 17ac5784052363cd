"""Products of powers of scores at the door of `select`: where they come from, and what is refused."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lightly_ray
from lightly_ray.errors import InvalidInputError
from lightly_ray.scores.classification import margin
from lightly_ray.selection.random_draw import random_keys
from lightly_ray.selection.typicality import typicality
from lightly_ray.selection.whole_numbers import whole_vectors

RANDOM = np.random.default_rng(8)
X = RANDOM.normal(size=(300, 6))
X /= np.linalg.norm(X, axis=1, keepdims=True)
X[10:40] = X[10]
P = RANDOM.dirichlet([1, 1, 1], 300)
KEYS = random_keys(range(300), 0)
NAMES = [f"{row}.png" for row in range(300)]


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


def test_select__typicality_needs_memory() -> None:
    options: dict[str, Any] = {"method": "coral", "score": {"typicality": 1}, "progress": False}
    with pytest.raises(InvalidInputError, match=r"typicality keeps [\d,]+ bytes for 300 samples .* allows 100,000"):
        lightly_ray.select(X, 20, memory_limit=100_000, **options)
    assert lightly_ray.select(X, 20, memory_limit=1_000_000, **options).ids


def _highest(scores: Any, **options: Any) -> list[Any]:
    asked: dict[str, Any] = {"ids": NAMES, "progress": False, **options}
    return list(lightly_ray.select(X, 5, "active_learning", scores=scores, **asked).ids)


def test_select__typicality_of_one_sample_alone() -> None:
    found = lightly_ray.select(X[:1], 1, "active_learning", score={"typicality": 2}, progress=False)
    assert found.gains.tolist() == [1]


def test_select__typicality_that_a_table_has(tmp_path: Any) -> None:
    own = np.linspace(1, 2, 300)
    table = pa.table({"filename": NAMES, "typicality": own, "uncertainty_margin": margin(P)})
    pq.write_table(table, tmp_path / "scores.parquet")
    for scores in (table, table.to_pandas(), str(tmp_path / "scores.parquet"), tmp_path / "scores.parquet"):
        assert _highest(scores, score={"typicality": 1}) == NAMES[:-6:-1]
        by_hand = _highest(own**2 * margin(P))
        assert _highest(scores, score={"typicality": 2, "uncertainty_margin": 1}) == by_hand


@pytest.mark.parametrize("scores", [np.arange(300.0), dict.fromkeys(NAMES, 0.5), "column"])
def test_select__scores_without_names_beside_powers_are_refused(scores: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"scores have no names here, and score=\{'typicality': 1\} says which"):
        _highest(scores, score={"typicality": 1})


def test_select__text_is_no_score_in_a_product() -> None:
    table = pa.table({"filename": NAMES, "uncertainty_margin": [f"{value}" for value in margin(P)]})
    with pytest.raises(InvalidInputError, match=r"the score 'uncertainty_margin' must be numbers, got string"):
        _highest(table, score={"uncertainty_margin": 2})


def test_select__products_that_are_too_large_or_hide_a_sign() -> None:
    sizes = np.full(300, 2.0)
    sizes[7] = 1e200
    table = pd.DataFrame({"filename": NAMES, "size": sizes, "depth": -sizes})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        too_large = r"1 of 300 .* first: sample '7\.png' \(row 7\) with inf; products of powers need smaller exponents"
        with pytest.raises(InvalidInputError, match=too_large):
            _highest(table, score={"size": 2})
        crowded = r"30 of 300 .* first: sample '10\.png' \(row 10\) with inf; products of powers"
        with pytest.raises(InvalidInputError, match=crowded):
            _highest(None, score={"typicality": 100})
        for powers in ({"depth": 2}, {"depth": 0.5}, {"depth": 2, "size": 1}):
            with pytest.raises(InvalidInputError, match=r"300 of 300 .* with -2;"):
                _highest(table, score=powers)


def test_select__scores_by_id_of_samples_that_are_called_like_scores() -> None:
    points = np.eye(3)
    names = ["typicality", "uncertainty_margin", "c"]
    asked: dict[str, Any] = {"ids": names, "query": names[:2], "progress": False}
    scores = {"typicality": 0.3, "uncertainty_margin": 0.7}
    found = lightly_ray.select(points, 2, "active_learning", scores=scores, **asked)
    assert (found.ids, found.gains.tolist()) == (["uncertainty_margin", "typicality"], [0.7, 0.3])
    alone = {**asked, "query": ["typicality"]}
    found = lightly_ray.select(points, 1, "active_learning", scores={"typicality": 0.0}, **alone)
    assert found.gains.tolist() == [0]
    table = pa.table({"filename": names, "embedding": list(points)})
    found = lightly_ray.select(table, 1, "active_learning", scores={"typicality": 0.3}, query=names[:1], progress=False)
    assert found.gains.tolist() == [0.3]

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lightly_ray.active_learning.scorers import ScorerClassification
from lightly_ray.errors import InvalidInputError
from lightly_ray.scores import entropy, least_confidence, margin

PREDICTIONS = [[0.7, 0.2, 0.1], [0.4, 0.5, 0.1]]


def test_scorer__values_that_users_know() -> None:
    scores = ScorerClassification(PREDICTIONS).calculate_scores()
    np.testing.assert_allclose(scores["uncertainty_least_confidence"], [0.45, 0.75])
    np.testing.assert_allclose(scores["uncertainty_margin"], [0.5, 0.9])
    np.testing.assert_allclose(scores["uncertainty_entropy"], [0.7298467, 0.85867271], rtol=1e-7)
    raw = ScorerClassification(PREDICTIONS).calculate_scores(normalize_to_0_1=False)
    np.testing.assert_allclose(raw["uncertainty_entropy"], [1.15677965, 1.36096405], rtol=1e-8)


def test_scorer__binary_models() -> None:
    scores = ScorerClassification([[0.7], [0.4]]).calculate_scores()
    np.testing.assert_allclose(scores["uncertainty_least_confidence"], [0.6, 0.8])
    np.testing.assert_allclose(scores["uncertainty_margin"], [0.6, 0.8])
    np.testing.assert_allclose(scores["uncertainty_entropy"], [0.8812909, 0.97095059], rtol=1e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scorer__equals_the_functions_to_the_last_bit(dtype: Any) -> None:
    values = np.random.default_rng(3).random((50, 11)).astype(dtype)
    values /= values.sum(axis=1, keepdims=True)
    scores = ScorerClassification(values).calculate_scores()
    for found, function in zip(scores.values(), (least_confidence, margin, entropy), strict=True):
        np.testing.assert_array_equal(found, function(values), strict=True)


def test_scorer__keeps_an_array_that_fits() -> None:
    values = np.full((4, 2), 0.5, np.float32)
    assert ScorerClassification(values).model_output is values


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4)])
def test_scorer__other_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="must be a 2-dimensional array"):
        ScorerClassification(np.zeros(shape))


def test_scorer__no_classes() -> None:
    with pytest.raises(InvalidInputError, match="at least one class"):
        ScorerClassification(np.zeros((3, 0)))


@pytest.mark.parametrize(
    ("row", "message"),
    [([0.5, np.nan], "NaN"), ([1.5, -0.5], "outside"), ([0.5, 0.4], "sum is not 1")],
)
def test_scorer__a_bad_row_by_number_and_by_name(row: list[float], message: str) -> None:
    rows = [[0.5, 0.5], [1, 0], row]
    with pytest.raises(InvalidInputError, match=f"1 of 3 predictions cannot be used, first: row 2 has .*{message}"):
        ScorerClassification(rows)
    named = dict(zip(["x.jpg", "y.jpg", "z.jpg"], rows, strict=True))
    table = pa.table({"filename": list(named), "probabilities": rows})
    for source in (named, table):
        with pytest.raises(InvalidInputError, match=f"first: 'z.jpg' has .*{message}"):
            ScorerClassification(source)


def test_scorer__tables_with_another_number_of_classes_in_some_rows() -> None:
    with pytest.raises(InvalidInputError, match="another number of classes"):
        ScorerClassification(pa.table({"probabilities": [[0.5, 0.5], [0.5, 0.25, 0.25]]}))


def test_scorer__names() -> None:
    names = ["uncertainty_least_confidence", "uncertainty_margin", "uncertainty_entropy"]
    assert ScorerClassification.score_names() == names
    assert list(ScorerClassification([]).calculate_scores()) == names

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lightly_ray.data.predictions.ragged import Ragged
from lightly_ray.scores.classification import UNCERTAINTIES, entropy, least_confidence, margin, uncertainties

Score = Callable[[Any], NDArray[Any]]
every_score = pytest.mark.parametrize("score", [least_confidence, margin, entropy])
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@st.composite
def distributions(draw: st.DrawFn, classes: int | None = None) -> NDArray[np.float64]:
    """1 to 6 rows over 2 to 40 classes, zeros and near-certain rows among them."""
    columns = classes or draw(st.integers(2, 40))
    rows = draw(st.integers(1, 6))
    seed, power = draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from([0, 1, 4, 30]))
    random = np.random.default_rng(seed)
    values = random.random((rows, columns)) ** power * (random.random((rows, columns)) < 0.8) + 1e-300
    return np.asarray(values / values.sum(axis=1, keepdims=True))


def _oracle(probabilities: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """The formulas as they are written down, on whole arrays."""
    classes = probabilities.shape[1]
    ordered = np.sort(probabilities, axis=1)
    logs = np.log2(np.where(probabilities > 0, probabilities, 1))
    return {
        "uncertainty_least_confidence": (1 - ordered[:, -1]) / (1 - 1 / classes),
        "uncertainty_margin": 1 - (ordered[:, -1] - ordered[:, -2]),
        "uncertainty_entropy": -(probabilities * logs).sum(axis=1) / np.log2(classes),
    }


def test_scores__by_hand() -> None:
    probabilities = np.array([[0.5, 0.25, 0.25, 0], [0, 0, 1, 0], [0.125, 0.5, 0.125, 0.25]])
    np.testing.assert_allclose(least_confidence(probabilities), [2 / 3, 0, 2 / 3], rtol=1e-15)
    np.testing.assert_allclose(margin(probabilities), [0.75, 0, 0.75], rtol=1e-15)
    np.testing.assert_allclose(entropy(probabilities), [1.5 / 2, 0, 1.75 / 2], rtol=1e-15)


def test_scores__values_that_users_know() -> None:
    found = uncertainties(np.array([[0.7, 0.2, 0.1], [0.4, 0.5, 0.1]]))
    assert list(found) == ["uncertainty_least_confidence", "uncertainty_margin", "uncertainty_entropy"]
    np.testing.assert_allclose(found["uncertainty_least_confidence"], [0.45, 0.75])
    np.testing.assert_allclose(found["uncertainty_margin"], [0.5, 0.9])
    np.testing.assert_allclose(found["uncertainty_entropy"], [0.7298467, 0.85867271], rtol=1e-7)


def test_scores__not_normalized() -> None:
    found = uncertainties(np.array([[0.7, 0.2, 0.1], [0.4, 0.5, 0.1]]), normalize=False)
    np.testing.assert_allclose(found["uncertainty_least_confidence"], [0.3, 0.5])
    np.testing.assert_allclose(found["uncertainty_margin"], [0.5, 0.9])
    np.testing.assert_allclose(found["uncertainty_entropy"], [1.15677965, 1.36096405], rtol=1e-8)


@every_score
@every_dtype
@pytest.mark.parametrize("classes", [2, 3, 7, 8, 9, 17, 1000])
def test_score__certain_is_0_and_undecided_is_1(score: Score, dtype: Any, classes: int) -> None:
    rows = np.zeros((2, classes), dtype)
    rows[0, classes - 1] = 1
    rows[1] = 1 / classes
    found = score(rows)
    assert found.dtype == dtype
    assert found[0] == 0
    assert not np.signbit(found[0])
    np.testing.assert_allclose(found[1], 1, rtol=8 * float(np.finfo(dtype).eps))


@every_score
@every_dtype
def test_score__without_rows(score: Score, dtype: Any) -> None:
    found = score(np.empty((0, 3), dtype))
    assert found.shape == (0,)
    assert found.dtype == dtype


@every_dtype
@given(distributions())
def test_scores__equal_the_formulas(dtype: Any, probabilities: NDArray[np.float64]) -> None:
    values = probabilities.astype(dtype)
    expected = _oracle(values.astype(np.float64))
    for name, scores in uncertainties(values).items():
        assert ((scores >= 0) & (scores <= 1)).all()
        np.testing.assert_allclose(scores, expected[name], rtol=0, atol=64 * float(np.finfo(dtype).eps))


@given(distributions(), st.randoms(use_true_random=False))
def test_scores__classes_may_be_renamed(probabilities: NDArray[np.float64], random: Any) -> None:
    order = list(range(probabilities.shape[1]))
    random.shuffle(order)
    shuffled = uncertainties(np.ascontiguousarray(probabilities[:, order]))
    for name, scores in uncertainties(probabilities).items():
        np.testing.assert_allclose(shuffled[name], scores, rtol=0, atol=1e-14)


@every_dtype
@given(distributions(), st.data())
def test_scores__splitting_and_reordering_rows_changes_no_bit(
    dtype: Any, probabilities: NDArray[np.float64], data: st.DataObject
) -> None:
    values = probabilities.astype(dtype)
    order = data.draw(st.permutations(range(len(values))))
    cut = data.draw(st.integers(0, len(values)))
    moved = np.ascontiguousarray(values[order])
    whole, head, tail = uncertainties(values), uncertainties(moved[:cut]), uncertainties(moved[cut:])
    for name in UNCERTAINTIES:
        np.testing.assert_array_equal(np.concatenate([head[name], tail[name]]), whole[name][order])


def test_scores__long_rows_and_many_rows_take_the_same_way() -> None:
    # Ragged longer than a chunk of the compiled pass, and many rows within one.
    random = np.random.default_rng(5)
    for shape in [(3, 5000), (3000, 3), (61, 67)]:
        values = random.random(shape).astype(np.float32)
        values /= values.sum(axis=1, keepdims=True)
        expected = _oracle(values.astype(np.float64))
        for name, scores in uncertainties(values).items():
            np.testing.assert_allclose(scores, expected[name], rtol=2e-6, atol=1e-6)


def test_scores__rows_of_different_lengths() -> None:
    values = np.array([0.5, 0.5, 0.7, 0.2, 0.1, 1.0, 0.0])
    rows = Ragged.from_lengths(values, np.array([2, 3, 2]))
    np.testing.assert_allclose(least_confidence(rows), [1, 0.45, 0])
    np.testing.assert_allclose(margin(rows), [1, 0.5, 0])
    np.testing.assert_allclose(entropy(rows), [1, 0.7298467, 0], rtol=1e-7)


@every_dtype
def test_entropy__is_as_exact_as_its_dtype(dtype: Any) -> None:
    # p from 2^-1074 (or the smallest float32) to 1, beside 1 - p: every exponent of the logarithm.
    smallest = np.nextafter(dtype(0), dtype(1))
    small = np.geomspace(np.finfo(dtype).tiny, 0.5, 400, dtype=dtype)
    p = np.concatenate([[0, smallest], small]).astype(dtype)
    rows = np.stack([p, 1 - p], axis=1)
    expected = _oracle(rows.astype(np.longdouble).astype(np.float64))["uncertainty_entropy"]
    np.testing.assert_allclose(entropy(rows), expected, rtol=0, atol=2 * float(np.finfo(dtype).eps))

import numpy as np
import pytest

from lightly_ray.embedding.learning import Learner, choose_learner, learn
from lightly_ray.embedding.linear_head import Weights
from tests.conftest import missing

RANDOM = np.random.default_rng(0)
CENTERS = np.eye(4, 7)


def _samples(classes: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    labels = RANDOM.integers(0, classes, count)
    return (CENTERS[labels] + 0.2 * RANDOM.normal(size=(count, 7))).astype(np.float32), labels.astype(np.int64)


def test_weights__probabilities_by_hand() -> None:
    weights = Weights(np.array([[np.log(2), 0.0], [0.0, np.log(3)], [0.0, 0.0]]), np.array([0.0, 0.0, np.log(5)]))
    found = weights.probabilities(np.array([[1, 0], [0, 1]], np.float32))
    np.testing.assert_allclose(found, [[2 / 8, 1 / 8, 5 / 8], [1 / 9, 3 / 9, 5 / 9]], rtol=1e-6)
    assert weights.accuracy(np.array([[1, 0], [9, 0], [0, 9]], np.float32), np.array([2, 0, 2])) == pytest.approx(2 / 3)
    again = Weights.from_bytes(weights.to_bytes())
    np.testing.assert_array_equal(again.weight, weights.weight)
    np.testing.assert_array_equal(again.bias, weights.bias)


@pytest.mark.parametrize("learner", ["sklearn", pytest.param("torch", marks=pytest.mark.full)])
@pytest.mark.parametrize("classes", [2, 4])
def test_learn__goes_on_from_where_it_was(learner: Learner, classes: int) -> None:
    if learner == "torch" and choose_learner("auto") != "torch":
        missing("torch", "it is not installed")
    embeddings, labels = _samples(classes, 80)
    zero = Weights.zero(classes, 7)
    np.testing.assert_allclose(zero.probabilities(embeddings), 1 / classes)
    first = learn(learner, zero, embeddings[:5], labels[:5], epochs=2)
    assert first.steps == 10
    second = learn(learner, first, embeddings, labels, epochs=60)
    assert second.steps == 10 + 60 * 80
    test, true = _samples(classes, 200)
    assert second.accuracy(test, true) > 0.9
    again = learn(learner, Weights.from_bytes(first.to_bytes()), embeddings, labels, epochs=60)
    np.testing.assert_array_equal(again.weight, second.weight)
    from_nothing = learn(learner, zero, embeddings, labels, epochs=60)
    assert not np.array_equal(from_nothing.weight, second.weight)
    # What it goes on from is what it knows: without a step it is that.
    nothing = learn(learner, second, embeddings, labels, epochs=0)
    np.testing.assert_allclose(nothing.probabilities(test), second.probabilities(test), rtol=1e-5, atol=1e-7)

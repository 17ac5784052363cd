"""The model of a comparison: which one is trained on what labels."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from lightly_ray.workflow.comparison.model import Probe

RANDOM = np.random.default_rng(3)


def probe(*counts: int) -> tuple[Probe, np.ndarray]:
    labels = np.repeat(np.arange(len(counts)), counts)
    vectors = np.eye(4)[labels] + 0.1 * RANDOM.normal(size=(len(labels), 4))
    return Probe(vectors.astype(np.float32), labels, cross_validated=True), vectors.astype(np.float32)


@pytest.mark.parametrize(
    ("counts", "chosen"),
    [((3, 2), True), ((9, 4, 1), True), ((5, 5, 2, 1), True), ((2, 2, 2), False), ((9, 1), False), ((1, 1, 1), False)],
)
def test_cross_validation__wherever_folds_have_two_classes(counts: tuple[int, ...], chosen: bool) -> None:
    trained, vectors = probe(*counts)
    assert isinstance(trained._model, GridSearchCV) == chosen
    if chosen:
        assert np.isfinite(trained._model.cv_results_["mean_test_score"]).all()
    assert (trained.predict(vectors) == np.repeat(np.arange(len(counts)), counts)).mean() > 0.6
    # Classes without a label have probability 0.
    probabilities = trained.probabilities(vectors, len(counts) + 2)
    np.testing.assert_allclose(probabilities[:, : len(counts)].sum(axis=1), 1)
    assert not probabilities[:, len(counts) :].any()


def test_one_class__is_always_predicted() -> None:
    trained, vectors = probe(0, 4)
    assert trained.predict(vectors).tolist() == [1] * 4
    assert trained.probabilities(vectors, 3).tolist() == [[0, 1, 0]] * 4


def test_lengths_of_vectors__tell_the_model_nothing() -> None:
    labels = np.repeat([0, 1, 2], 20)
    vectors = (np.eye(4)[labels] + 0.5 * RANDOM.normal(size=(60, 4))).astype(np.float32)
    longer = vectors * 4.0 ** RANDOM.integers(-3, 4, size=(60, 1)).astype(np.float32)  # powers of two round nothing
    one, other = (Probe(data, labels, cross_validated=False) for data in (vectors, longer))
    np.testing.assert_array_equal(one.probabilities(vectors, 3), other.probabilities(longer, 3))

"""The probe: probabilities over all classes, also those that have no label yet."""

import numpy as np

from lightly_ray.embedding.classifier import Classifier

CLASSES = ["ant", "bee", "cow", "doe"]
POINTS = np.array([[0, 1], [0.1, 1], [1, 0], [1, 0.2], [-1, 0.1]], dtype=np.float32)


def test_classifier__unseen_classes_have_probability_0() -> None:
    classifier = Classifier(POINTS[:4], ["bee", "bee", "doe", "doe"], CLASSES)
    probabilities = classifier.probabilities(POINTS)
    assert probabilities.shape == (5, 4)
    assert not probabilities[:, [0, 2]].any()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert probabilities[0, 1] > 0.5
    assert probabilities[3, 3] > 0.5


def test_classifier__accuracy_counts_right_answers() -> None:
    classifier = Classifier(POINTS[:4], ["bee", "bee", "doe", "doe"], CLASSES)
    assert classifier.accuracy(POINTS, ["bee", "bee", "doe", "doe", "ant"]) == 4 / 5


def test_classifier__one_class_alone_is_certain() -> None:
    classifier = Classifier(POINTS[:2], ["cow", "cow"], CLASSES)
    np.testing.assert_array_equal(classifier.probabilities(POINTS), np.tile([0, 0, 1, 0], (5, 1)))

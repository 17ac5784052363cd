"""Labelled embeddings -> a classifier that gives probabilities over all classes.

Logistic regression on unit vectors, the standard probe of an embedding's quality: convex, so the same labels give the
same classifier, and trained in well under a second on a thousand labels.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression


class Classifier:
    """A probe trained on some labels of a known set of classes.

    Args:
        embeddings: (n, D) float32, the labelled samples.
        labels: n of the classes.
        classes: all C classes, sorted; those without a label yet get probability 0.
    """

    def __init__(self, embeddings: NDArray[np.float32], labels: Sequence[str], classes: Sequence[str]) -> None:
        self._classes = np.array(classes)
        # One class alone leaves nothing to separate: its share of the labels, 1, is the best estimate there is.
        single = len(set(labels)) == 1
        model = DummyClassifier() if single else LogisticRegression(max_iter=1000)
        self._model = model.fit(embeddings, np.array(labels))

    def probabilities(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities (N, C) float32 over all classes, in their order, for embeddings (N, D)."""
        columns = np.searchsorted(self._classes, self._model.classes_)
        result = np.zeros((len(embeddings), len(self._classes)), dtype=np.float32)
        result[:, columns] = self._model.predict_proba(embeddings)
        return result

    def accuracy(self, embeddings: NDArray[np.float32], labels: Sequence[str]) -> float:
        """Share of the samples whose likeliest class is their label."""
        likeliest = self._classes[self.probabilities(embeddings).argmax(axis=1)]
        return float(np.mean(likeliest == np.array(labels)))

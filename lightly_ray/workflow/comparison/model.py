"""The model that selections are judged by: logistic regression on the embeddings, each of length 1."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from lightly_ray.embedding.reduction import unit_length

_GRID = {"C": [0.1, 1.0, 10.0, 100.0], "class_weight": [None, "balanced"]}
_FOLDS = 3


class Probe:
    """A classifier of labelled embeddings.

    Args:
        embeddings: (n, D) float32.
        labels: (n,) classes as numbers.
        cross_validated: choose C and class weights by 3-fold cross-validation, where a class has three labels and
            another two; C = 1 and no weights otherwise.
    """

    def __init__(self, embeddings: NDArray[np.float32], labels: NDArray[np.int64], *, cross_validated: bool) -> None:
        counts = np.unique(labels, return_counts=True)[1]
        # One class alone leaves nothing to separate.
        model = DummyClassifier() if len(counts) == 1 else LogisticRegression(max_iter=2000)
        # Not only where every class has three labels: in a long tail that is at no budget, and methods that find rare
        # classes would be judged by another model than those that do not. Two classes remain in every fold.
        if cross_validated and counts.max() >= _FOLDS and (counts >= 2).sum() >= 2:
            folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
            model = GridSearchCV(model, _GRID, cv=folds)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The least populated class", UserWarning)
            self._model = model.fit(unit_length(embeddings), labels)

    def predict(self, embeddings: NDArray[np.float32]) -> NDArray[np.int64]:
        """(N,) classes of embeddings (N, D)."""
        return np.asarray(self._model.predict(unit_length(embeddings)), np.int64)

    def probabilities(self, embeddings: NDArray[np.float32], count: int) -> NDArray[np.float64]:
        """(N, C) probabilities of all ``count`` classes; 0 for those without a label."""
        result = np.zeros((len(embeddings), count))
        result[:, self._model.classes_] = self._model.predict_proba(unit_length(embeddings))
        return result

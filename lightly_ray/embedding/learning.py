"""Linear classifiers that go on learning from where they were: gradient steps on the cross entropy.

By scikit-learn, one logistic regression per class; or by torch where it is installed. Both make `Weights`.
"""

from importlib.util import find_spec
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import SGDClassifier

from lightly_ray.embedding.linear_head import Weights
from lightly_ray.errors import MissingExtraError, missing_extra

Learner = Literal["sklearn", "torch"]
_DECAY = 1e-4  # of the weights


def choose_learner(learner: Literal["auto", "sklearn", "torch"]) -> Learner:
    """The learner that is meant: ``auto`` is torch where it is installed.

    Raises:
        MissingExtraError: torch is wanted and not installed.
    """
    installed = find_spec("torch") is not None
    if learner == "torch" and not installed:
        raise MissingExtraError(missing_extra("learner=torch needs torch", "torch"))
    return "torch" if learner != "sklearn" and installed else "sklearn"


def learn(
    learner: Learner, weights: Weights, embeddings: NDArray[np.float32], labels: NDArray[np.int64], epochs: int
) -> Weights:
    """Go on learning; the same again for the same arguments.

    Args:
        learner: by what.
        weights: to go on from.
        embeddings: (n, D), n >= 1.
        labels: (n,) classes, 0 .. C - 1.
        epochs: how often each sample is seen.
    """
    if learner == "torch":
        from lightly_ray.embedding.torch_head import learn_with_torch  # noqa: PLC0415 - torch is large and optional

        return learn_with_torch(weights, embeddings, labels, epochs)
    classes = np.arange(len(weights.bias))
    model = SGDClassifier(loss="log_loss", alpha=_DECAY, random_state=weights.steps % 2**32)
    model.partial_fit(np.zeros((1, embeddings.shape[1])), classes[:1], classes)  # which gives it arrays to learn in
    two = len(classes) == 2  # then it has one row, for the second class
    model.coef_[:] = weights.weight[1:] - weights.weight[:1] if two else weights.weight
    model.intercept_[:] = weights.bias[1:] - weights.bias[:1] if two else weights.bias
    model.t_ = 1.0 + weights.steps
    for _ in range(epochs):
        model.partial_fit(embeddings.astype(np.float64), labels)
    weight, bias = model.coef_.copy(), model.intercept_.copy()
    if two:
        weight, bias = np.vstack([np.zeros_like(weight), weight]), np.array([0.0, bias[0]])
    return Weights(weight, bias, weights.steps + epochs * len(labels))

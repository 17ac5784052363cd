"""Train and test classifiers in Ray tasks, and predict whole pools with Ray Data.

Embeddings and labels are put into the object store once; a task gets references and the rows of its labelled samples.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import ray
import ray.data
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from lightly_ray.embedding.classifier import Classifier

Handle = ray.ObjectRef

_BATCH = 1024  # rows; a prediction is a small product, so blocks are large


@ray.remote
def _train_classifier(embeddings: NDArray[np.float32], labels: list[str], classes: list[str]) -> Classifier:
    with threadpool_limits(1):  # the task has one CPU
        return Classifier(embeddings, labels, classes)


@ray.remote
def _test_classifier(classifier: Classifier, embeddings: NDArray[np.float32], labels: list[str]) -> float:
    with threadpool_limits(1):
        return classifier.accuracy(embeddings, labels)


def _predict(batch: dict[str, NDArray[Any]], trained: Handle[Classifier]) -> dict[str, NDArray[Any]]:
    classifier: Classifier = ray.get(trained)  # Ray Data hands references on as they are
    with threadpool_limits(1):
        vectors = np.stack(list(batch["embedding"]))  # a list column arrives as an array of arrays
        return {"filename": batch["filename"], "probabilities": classifier.probabilities(vectors)}


class Trainer:
    """Trains on labels of one pool of embeddings, and tests on one held-out set.

    Args:
        filenames: N names of the pool.
        embeddings: (N, D) float32, aligned with them.
        held_out: (M, D) float32.
        held_out_labels: M classes.
        classes: all classes, sorted.

    Attributes:
        classes: these; column c of probabilities is of the c-th.
    """

    def __init__(
        self,
        filenames: Sequence[str],
        embeddings: NDArray[np.float32],
        *,
        held_out: NDArray[np.float32],
        held_out_labels: Sequence[str],
        classes: Sequence[str],
    ) -> None:
        self._row = {name: row for row, name in enumerate(filenames)}
        self._embeddings = embeddings
        self.classes = list(classes)
        self._held_out, self._held_out_labels = ray.put(held_out), ray.put(list(held_out_labels))
        vectors = pa.FixedSizeListArray.from_arrays(embeddings.ravel(), embeddings.shape[1])
        pool = pa.table({"filename": pa.array(filenames, pa.string()), "embedding": vectors})
        self._pool = ray.data.from_arrow([pool.slice(start, _BATCH) for start in range(0, len(pool), _BATCH)])

    def train(self, labels: dict[str, str]) -> Handle[Classifier]:
        """Start training on labelled samples, given as class by file name."""
        rows = [self._row[name] for name in labels]
        return _train_classifier.remote(self._embeddings[rows], list(labels.values()), self.classes)

    def accuracy(self, classifier: Handle[Classifier]) -> Handle[float]:
        """Start testing on the held-out set."""
        return _test_classifier.remote(classifier, self._held_out, self._held_out_labels)

    def predict(self, classifier: Handle[Classifier]) -> ray.data.Dataset:
        """Probabilities of the whole pool: columns ``filename`` and ``probabilities`` (C,) float32, in any order."""
        return self._pool.map_batches(partial(_predict, trained=classifier), batch_format="numpy")

    def results(self, runs: Sequence[Sequence[Handle[float]]]) -> list[list[float]]:
        """Wait for all tests, and give their accuracies in the same shape."""
        flat: list[float] = ray.get([test for run in runs for test in run])
        values = iter(flat)
        return [[next(values) for _ in run] for run in runs]

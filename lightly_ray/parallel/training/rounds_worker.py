"""What the worker of a run does, round by round.

predict    what is not labelled yet, with Ray Data, by what was learned so far
ask        a `Selector`, which answers with all samples that are labelled then, and that there is no model for at first
read       the samples that are new, as a `ray.data.Dataset`
learn      going on from the weights of the last checkpoint
report     accuracy, with a checkpoint: weights, and the samples in the order in which they were learned from
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import ray
import ray.data
import ray.train
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from lightly_ray.data.vectors import fixed_lists
from lightly_ray.embedding.learning import Learner, learn
from lightly_ray.embedding.linear_head import Weights
from lightly_ray.parallel.cluster import own_cpus
from lightly_ray.parallel.quiet import quiet_data

_BATCH = 1024  # rows of a block
_WEIGHTS, _ROUNDS = "weights.npz", "rounds.json"


class Selector(Protocol):
    """Says which samples are labelled in a round. Sent to the worker, where it is used and closed."""

    def select(self, number: int, predictions: ray.data.Dataset | None, labels: Mapping[str, int]) -> Sequence[str]:
        """All samples that are labelled in round ``number``; asked again, the same.

        Args:
            number: of the round, from 0.
            predictions: columns ``filename`` and ``probabilities`` of those that are not labelled; None in round 0.
            labels: class by name, of those that are.
        """

    def close(self) -> None:
        """End what was started."""


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Samples that may be selected, and what accuracy is measured on.

    Attributes:
        filenames: N names.
        embeddings: (N, D) float32.
        labels: (N,) classes, 0 .. C - 1; looked at for selected samples alone.
        held_out: (M, D) float32.
        held_out_labels: (M,) classes.
        classes: how many there are, C.
    """

    filenames: Sequence[str]
    embeddings: NDArray[np.float32]
    labels: NDArray[np.int64]
    held_out: NDArray[np.float32]
    held_out_labels: NDArray[np.int64]
    classes: int

    def dataset(self, rows: NDArray[np.int64]) -> ray.data.Dataset:
        """Some samples: columns ``filename``, ``embedding`` and ``row``."""
        names = np.asarray(self.filenames, object)
        tables = [
            pa.table(
                {
                    "filename": pa.array(names[part], pa.string()),
                    "embedding": fixed_lists(self.embeddings[part]),
                    "row": pa.array(part),
                }
            )
            for part in np.array_split(rows, max(1, -(-len(rows) // _BATCH)))
        ]
        return ray.data.from_arrow(tables)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run goes.

    Attributes:
        rounds: how many.
        epochs: how often each labelled sample is seen in a round.
        learner: by what it learns.
    """

    rounds: int
    epochs: int
    learner: Learner


@dataclass(frozen=True, slots=True, eq=False)
class Progressed:
    """What a run has come to: a checkpoint.

    Attributes:
        weights: what was learned.
        rows: of the pool, in the order in which they were learned from.
        labels: how many were labelled after each round.
        accuracies: after each round.
    """

    weights: Weights
    rows: list[int]
    labels: list[int]
    accuracies: list[float]

    def write(self, folder: Path) -> None:
        """Keep it in a folder."""
        (folder / _WEIGHTS).write_bytes(self.weights.to_bytes())
        rounds = {"rows": self.rows, "labels": self.labels, "accuracies": self.accuracies}
        (folder / _ROUNDS).write_text(json.dumps(rounds))

    @classmethod
    def read(cls, checkpoint: ray.train.Checkpoint) -> "Progressed":
        """What ``write`` kept."""
        with checkpoint.as_directory() as folder:
            weights = Weights.from_bytes((Path(folder) / _WEIGHTS).read_bytes())
            rounds = json.loads((Path(folder) / _ROUNDS).read_text())
        return cls(weights, **rounds)


def train(config: dict[str, Any]) -> None:
    """The rounds that are left: ``config`` holds ``pool`` (in the object store), ``plan`` and ``selector``."""
    pool: Pool = ray.get(config["pool"])
    plan: Plan = config["plan"]
    selector: Selector = config["selector"]
    checkpoint = ray.train.get_checkpoint()
    zero = Weights.zero(pool.classes, pool.embeddings.shape[1])
    progressed = Progressed(zero, [], [], []) if checkpoint is None else Progressed.read(checkpoint)
    try:
        with threadpool_limits(own_cpus()):
            for number in range(len(progressed.labels), plan.rounds):
                progressed = _round(pool, plan, selector, number, progressed)
                _report(progressed)
    finally:
        selector.close()


def _round(pool: Pool, plan: Plan, selector: Selector, number: int, before: Progressed) -> Progressed:
    row_of = {name: row for row, name in enumerate(pool.filenames)}
    labelled = {pool.filenames[row]: int(pool.labels[row]) for row in before.rows}
    rest = np.setdiff1d(np.arange(len(pool.filenames)), before.rows)
    predictions = None
    if number:
        predictions = pool.dataset(rest).map_batches(
            partial(_predict, weights=ray.put(before.weights)), batch_format="pyarrow", batch_size=None
        )
    chosen = selector.select(number, predictions, labelled)
    added = pool.dataset(np.array(sorted({row_of[name] for name in chosen} - set(before.rows)), np.int64))
    rows = [*before.rows, *_rows_of(added)]
    weights = learn(plan.learner, before.weights, pool.embeddings[rows], pool.labels[rows], plan.epochs)
    accuracy = weights.accuracy(pool.held_out, pool.held_out_labels)
    return Progressed(weights, rows, [*before.labels, len(rows)], [*before.accuracies, accuracy])


def _rows_of(dataset: ray.data.Dataset) -> list[int]:
    """Rows of a dataset's samples, in their order: blocks come in any."""
    with quiet_data(dataset):
        return sorted(int(row["row"]) for row in dataset.select_columns(["row"]).take_all())


def _predict(table: pa.Table, weights: "ray.ObjectRef[Weights]") -> pa.Table:
    trained: Weights = ray.get(weights)  # Ray Data hands references on as they are
    vectors = table["embedding"].combine_chunks()
    embeddings = vectors.flatten().to_numpy().reshape(len(table), -1)
    with threadpool_limits(1):
        probabilities = trained.probabilities(embeddings)
    return pa.table({"filename": table["filename"], "probabilities": fixed_lists(probabilities)})


def _report(progressed: Progressed) -> None:
    metrics = {
        "round": len(progressed.labels) - 1,
        "labels": progressed.labels[-1],
        "accuracy": progressed.accuracies[-1],
    }
    with tempfile.TemporaryDirectory() as folder:
        progressed.write(Path(folder))
        ray.train.report(metrics, checkpoint=ray.train.Checkpoint.from_directory(folder))

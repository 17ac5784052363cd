"""One method on one seed: select, label, train, test, select again.

A seed draws its own pool and held-out set, the same for every method, so that methods are compared in pairs. A method
begins with nothing, or with random labels where it needs a model, and goes on from budget to budget; ``refits`` is how
many selections, each with a model trained before, lie between two budgets.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightly_ray import select
from lightly_ray.errors import InvalidInputError
from lightly_ray.methods import METHODS, default_normalize, needs_scores, takes_labels, takes_scores
from lightly_ray.workflow.comparison.model import Probe

POOL_SHARE, MOST_LABELLED = 0.75, 0.3  # of the data; of the pool, by the default budgets
PER_CLASS = (1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200)
Selects = Callable[..., Sequence[str]]


@dataclass(frozen=True, slots=True, eq=False)
class LabelledData:
    """Labelled embeddings.

    Attributes:
        embeddings: (N, D) float32.
        labels: (N,) classes as numbers 0 .. C - 1.
        classes: C names.
        held_out: (M,) rows to test on; None: every seed draws its own.
    """

    embeddings: NDArray[np.float32]
    labels: NDArray[np.int64]
    classes: list[str]
    held_out: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How methods are compared.

    Attributes:
        pool: samples that may be selected, at most.
        budgets: numbers of labels, rising.
        refits: selections between two budgets.
        cross_validated: whether the model chooses its C and class weights; otherwise C = 1.
    """

    pool: int
    budgets: tuple[int, ...]
    refits: int
    cross_validated: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one method reached on one seed.

    Attributes:
        accuracy: on the held-out set, at every budget.
        rare_recall: there, the mean recall of the rarest quarter of the classes in the pool.
    """

    accuracy: list[float]
    rare_recall: list[float]


def pool_size(data: LabelledData, most: int) -> int:
    """How many samples a seed selects from."""
    count = len(data.labels) - (0 if data.held_out is None else len(data.held_out))
    return min(most, int(POOL_SHARE * count))


def default_budgets(classes: int, pool: int) -> tuple[int, ...]:
    """1, 2, 3, 5 .. 200 labels a class, up to 30 % of the pool."""
    return tuple(classes * count for count in PER_CLASS if classes * count <= MOST_LABELLED * pool)


def require_method(name: str) -> None:
    """Raise `InvalidInputError` unless there is such a method: one of ours, or ``module:function``."""
    if ":" in name:
        _imported(name)
    elif name not in ("auto", *METHODS):
        known = ", ".join(("auto", *METHODS))
        raise InvalidInputError(f"a method is one of {known}, or module:function; got {name!r}")


def run_method(data: LabelledData, plan: Plan, method: str, seed: int) -> Outcome:
    """Run one method on one seed; depends on nothing else.

    Raises:
        InvalidInputError: a function of the user's gives other samples than it was asked for.
    """
    return _Run(data, plan, method, seed).outcome()


class _Run:
    def __init__(self, data: LabelledData, plan: Plan, method: str, seed: int) -> None:
        random = np.random.default_rng(seed)
        rows = np.arange(len(data.labels))
        if data.held_out is not None:
            rows = np.setdiff1d(rows, data.held_out)
        order = rows[random.permutation(len(rows))]
        pool = order[: plan.pool]
        tested = order[plan.pool :] if data.held_out is None else data.held_out
        self.pool, self.labels = data.embeddings[pool], data.labels[pool]
        self.tested, self.truth = data.embeddings[tested], data.labels[tested]
        self.plan, self.method, self.seed, self.classes = plan, method, seed, len(data.classes)
        self.first = random.permutation(len(pool))
        self.ids = [f"{row:07d}" for row in range(len(pool))]

    def outcome(self) -> Outcome:
        rows = self._start(self.plan.budgets[0])
        accuracy, rare = [], []
        for budget in self.plan.budgets:
            for size in self._sizes(len(rows), budget):
                rows = self._go_on(rows, size)
            predicted = self._train(rows).predict(self.tested)
            accuracy.append(float(np.mean(predicted == self.truth)))
            right = [np.mean(predicted[self.truth == one] == one) for one in self.rare if (self.truth == one).any()]
            rare.append(float(np.mean(right)) if right else 0.0)
        return Outcome(accuracy, rare)

    @cached_property
    def rare(self) -> NDArray[np.intp]:
        counts = np.bincount(self.labels, minlength=self.classes)
        return np.argsort(counts, kind="stable")[: max(1, self.classes // 4)]

    def _sizes(self, labelled: int, budget: int) -> list[int]:
        missing, refits = budget - labelled, self.plan.refits
        sizes = [labelled + round(missing * step / refits) for step in range(1, refits + 1)]
        return [size for size in dict.fromkeys(sizes) if size > labelled]

    def _start(self, size: int) -> NDArray[np.int64]:
        if self.method == "random" or needs_scores(self.method):
            return self.first[:size]
        return self._selected(size, np.zeros(0, np.int64), None)

    def _go_on(self, rows: NDArray[np.int64], size: int) -> NDArray[np.int64]:
        if self.method == "random":
            return self.first[:size]
        looks = ":" in self.method or takes_scores(self.method)
        predicted = self._train(rows).probabilities(self.pool, self.classes) if looks else None
        return self._selected(size, rows, predicted)

    def _selected(self, size: int, rows: NDArray[np.int64], predicted: NDArray[np.float64] | None) -> NDArray[np.int64]:
        before = [self.ids[row] for row in rows]
        labels = {self.ids[row]: int(self.labels[row]) for row in rows}
        if ":" in self.method:
            found = _imported(self.method)(
                self.pool, size, ids=self.ids, preselected=before, predictions=predicted, labels=labels, seed=self.seed
            )
            return self._checked(list(found), before, size)
        # Coverage alone stays the weighted form, "auto" looks at classes.
        looks = self.method == "auto" and predicted is not None
        selection = select(
            self.pool,
            size,
            self.method,
            ids=self.ids,
            preselected=before,
            predictions=predicted,
            labels=labels if looks else None,
            normalize=None if takes_labels(self.method) else default_normalize(self.method, 0),
            seed=self.seed,
            progress=False,
        )
        return selection.rows

    def _checked(self, found: list[Any], before: list[str], size: int) -> NDArray[np.int64]:
        rows = {name: row for row, name in enumerate(self.ids)}
        strangers = [name for name in found if name not in rows]
        added = [name for name in dict.fromkeys(found) if name in rows and name not in set(before)]
        if strangers or len(added) != size - len(before):
            what = f"{strangers[0]!r}, which is no id of the pool" if strangers else f"{len(added)} new ids"
            raise InvalidInputError(
                f"{self.method} was asked for {size - len(before)} new ids beside {len(before)}, it gave {what}"
            )
        return np.array([rows[name] for name in [*before, *added]], np.int64)

    def _train(self, rows: NDArray[np.int64]) -> Probe:
        return Probe(self.pool[rows], self.labels[rows], cross_validated=self.plan.cross_validated)


def _imported(name: str) -> Selects:
    module, _, function = name.partition(":")
    try:
        found: Selects = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise InvalidInputError(f"there is no {name!r}: {error}") from error
    return found

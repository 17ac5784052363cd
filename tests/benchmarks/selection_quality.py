"""Methods against RANDOM on labelled embeddings: ``python tests/benchmarks/selection_quality.py --help``.

Each seed draws its own pool and held-out set. All methods begin with the same random labels, one a class in number, but
for COVERAGE > COVERAGE, whose first labels are its own. Then each goes on from budget to budget with the scores of the
model before: logistic regression, C = 1. What is printed per method: points of accuracy against RANDOM over the first
and the second half of the budgets, the worst budget, and at how many budgets it is significantly below (paired t,
Bonferroni, 5 %).
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field
from scipy.stats import ttest_rel
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

import lightly_ray
from lightly_ray.embedding.descriptor import features
from lightly_ray.embedding.reduction import fit_reduction
from lightly_ray.scores.classification import margin
from lightly_ray.settings import Settings, run

_PER_CLASS = (1, 2, 3, 5, 8, 12, 20, 30, 50)
_POOL, _SHARE, _MOST = 4800, 0.75, 0.3  # samples; of all samples; of the pool that is labelled at last


class QualitySettings(Settings):
    """Accuracy by number of labels, method by method."""

    data: str = Field(default="digits", description="digits, or an .npz file with embeddings (N, D) and labels (N,)")
    seeds: int = Field(default=10, ge=2, description="pools, each with its own first labels")
    processes: int = Field(default=2, ge=1, description="seeds that run side by side")


@dataclass(frozen=True, slots=True)
class _Method:
    start: str  # "random", or a method
    name: str
    scored: bool
    normalize: Any = False


METHODS = {
    "R > CORESET, not whitened": _Method("random", "coreset", scored=False),
    "R > CORAL, not whitened": _Method("random", "coral", scored=True),
    "R > CORESET": _Method("random", "coreset", scored=False, normalize="whiten"),
    "R > CORAL": _Method("random", "coral", scored=True, normalize="whiten"),
    "R > COVERAGE": _Method("random", "coverage", scored=False),
    "R > weighted COVERAGE": _Method("random", "coverage", scored=True),
    "COVERAGE > weighted COVERAGE": _Method("coverage", "coverage", scored=True),
}


def measure(settings: QualitySettings) -> dict[str, object]:
    """All methods on all seeds."""
    with ProcessPoolExecutor(settings.processes) as pool:
        runs = list(pool.map(partial(_seed, settings.data), range(settings.seeds)))
    base = np.array([run["RANDOM"] for run in runs])
    return {
        "data": settings.data,
        "seeds": settings.seeds,
        "budgets": base.shape[1],
        "RANDOM": [round(float(value), 3) for value in base.mean(axis=0)],
        "against RANDOM": {name: _against(np.array([run[name] for run in runs]), base) for name in METHODS},
    }


def _against(accuracy: NDArray[np.float64], base: NDArray[np.float64]) -> dict[str, float]:
    points, budgets = 100 * (accuracy - base), base.shape[1]
    means = points.mean(axis=0)
    chances = [ttest_rel(accuracy[:, k], base[:, k]).pvalue if points[:, k].any() else 1.0 for k in range(budgets)]
    return {
        "first half": round(float(means[: budgets // 2].mean()), 1),
        "second half": round(float(means[budgets // 2 :].mean()), 1),
        "worst": round(float(means.min()), 1),
        "below": int(np.sum((means < 0) & (np.array(chances) * budgets < 0.05))),
    }


def _seed(data: str, seed: int) -> dict[str, list[float]]:
    with threadpool_limits(1):
        return _Experiment(*_read(data), np.random.default_rng(seed)).run()


def _read(data: str) -> tuple[NDArray[np.float32], NDArray[Any]]:
    if data != "digits":
        with np.load(Path(data)) as stored:
            return stored["embeddings"], stored["labels"]
    digits = load_digits()
    images = [Image.fromarray((image * 255 / 16).astype(np.uint8)).convert("RGB") for image in digits.images]
    described = features(images)
    return fit_reduction(described).embed(described), digits.target


class _Experiment:
    def __init__(self, embeddings: NDArray[np.float32], labels: NDArray[Any], random: np.random.Generator) -> None:
        order = random.permutation(len(labels))
        size = min(_POOL, int(_SHARE * len(labels)))
        pool, held_out = order[:size], order[size : size + _POOL]
        self.pool, self.labels = embeddings[pool], labels[pool]
        self.held_out, self.held_out_labels = embeddings[held_out], labels[held_out]
        classes = len(np.unique(labels))
        self.budgets = [classes * count for count in _PER_CLASS if classes * count <= _MOST * size]
        self.first = random.permutation(size)
        self.ids = [str(row) for row in range(size)]

    def run(self) -> dict[str, list[float]]:
        found = {"RANDOM": self._curve("random", lambda _rows, size, _model: self.first[:size])}
        for name, method in METHODS.items():
            found[name] = self._curve(method.start, partial(self._next, method))
        return found

    def _next(self, method: _Method, rows: NDArray[np.int64], size: int, model: LogisticRegression) -> Any:
        scores = margin(model.predict_proba(self.pool)) if method.scored else None
        selected = [self.ids[row] for row in rows]
        return self._select(size, method.name, preselected=selected, scores=scores, normalize=method.normalize)

    def _select(self, size: int, method: str, **options: Any) -> NDArray[np.int64]:
        return lightly_ray.select(self.pool, size, method, ids=self.ids, progress=False, **options).rows

    def _curve(self, start: str, following: Callable[..., NDArray[np.int64]]) -> list[float]:
        rows = self.first[: self.budgets[0]] if start == "random" else self._select(self.budgets[0], start)
        accuracy: list[float] = []
        for budget, later in zip(self.budgets, [*self.budgets[1:], None], strict=True):
            assert len(rows) == budget
            model = LogisticRegression(C=1, max_iter=1000).fit(self.pool[rows], self.labels[rows])
            accuracy.append(float(model.score(self.held_out, self.held_out_labels)))
            if later is not None:
                rows = following(rows, later, model)
        return accuracy


if __name__ == "__main__":
    run(measure, QualitySettings)

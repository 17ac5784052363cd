"""What coverage costs, in products: ``python tests/benchmarks/coverage_speed.py --help``.

One product is the n x n x D matrix product in float32 of all threads, made in blocks of 1,000 rows so that its result
is not kept. Both are timed in one run, one after the other, and the medians and their ratio are printed.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
from pydantic import Field

import lightly_ray
from lightly_ray.settings import Settings, run


class SpeedSettings(Settings):
    """Coverage against one matrix product of the same size."""

    rows: int = Field(default=50_000, ge=1, description="samples; all are covered and may be picked up to 50,000")
    dimensions: int = Field(default=128, ge=2, description="coordinates")
    picks: int = Field(default=1_000, ge=1, description="samples to pick")
    classes: int = Field(default=0, ge=0, description="classes of predictions, with labels; 0: plain coverage")
    repetitions: int = Field(default=3, ge=1, description="how often each is timed")


def measure(settings: SpeedSettings) -> dict[str, object]:
    """Time both."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(50, settings.dimensions))
    rows = centres[random.integers(0, 50, settings.rows)] + random.normal(size=(settings.rows, settings.dimensions))
    data = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    options: dict[str, object] = {}
    if settings.classes:
        predictions = random.dirichlet(np.full(settings.classes, 0.3), settings.rows)
        labels = {row: int(predictions[row].argmax()) for row in range(100)}
        options = {"predictions": predictions, "labels": labels, "preselected": list(labels)}
    few = data[: min(1_000, settings.rows)]
    lightly_ray.select(few, 10, "coverage", progress=False)  # compiles

    def product() -> None:
        for start in range(0, min(len(data), 50_000), 1_000):
            data[start : start + 1_000] @ data[:50_000].T

    def coverage() -> None:
        size = settings.picks + 100 * bool(settings.classes)
        lightly_ray.select(data, size, "coverage", progress=False, **options)  # type: ignore[arg-type]  # by their names

    timed = {"product": _seconds(product, settings.repetitions), "coverage": _seconds(coverage, settings.repetitions)}
    return {
        **settings.model_dump(),
        "seconds": {name: round(value, 2) for name, value in timed.items()},
        "products": round(timed["coverage"] / timed["product"], 2),
    }


def _seconds(work: Callable[[], None], repetitions: int) -> float:
    spent = []
    for _ in range(repetitions):
        started = time.perf_counter()
        work()
        spent.append(time.perf_counter() - started)
    return statistics.median(spent)


if __name__ == "__main__":
    run(measure, SpeedSettings)

"""What tests run in tasks and actors of Ray, which import it by this name."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import ray.data

import lightly_ray

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(60, 5)).astype(np.float32)
NAMES = [f"{row:02}.png" for row in range(60)]
PROBABILITIES = RANDOM.dirichlet(np.ones(3), size=60)


def table(column: str, values: Any) -> pa.Table:
    return pa.table({"filename": NAMES, column: list(values)})


def dataset(column: str, values: Any) -> ray.data.Dataset:
    """In two blocks that have to be made: by tasks that want a CPU each."""
    whole = table(column, values)
    return ray.data.from_arrow([whole.slice(0, 35), whole.slice(35)]).map_batches(_same, batch_format="pyarrow")


def _same(table: pa.Table) -> pa.Table:
    return table


def select(**options: Any) -> list[Any]:
    return list(
        lightly_ray.select(
            dataset("embedding", X),
            9,
            "coral",
            scores=lightly_ray.score(dataset("probabilities", PROBABILITIES), task="classification"),
            progress=False,
            **options,
        ).ids
    )


MARGINS = 1 - np.diff(np.sort(PROBABILITIES)[:, -2:])[:, 0]
EXPECTED = list(lightly_ray.select(X, 9, "coral", ids=NAMES, scores=MARGINS, progress=False).ids)


def embed(images: Path) -> list[str]:
    return lightly_ray.embed(images, model="descriptor", reduce=4).filenames


def count(_: Path) -> str:
    """Counts objects of all images before it returns; what that gives is lazy, and is for the caller to use."""
    boxes = pa.table({"filename": NAMES, "scores": [[0.5]] * 60, "labels": [[row % 3] for row in range(60)]})
    given = ray.data.from_arrow(boxes).map_batches(_same, batch_format="pyarrow")
    return type(lightly_ray.score(given, task="detection")).__name__


class Caller:
    def select(self, **options: Any) -> list[Any]:
        return select(**options)


def select_long(_: Path) -> None:
    def slow(_done: int, _all: int) -> None:
        for _ in range(1000):
            time.sleep(0.1)

    lightly_ray.select(X, 50, "coreset", partitions=2, progress=False, on_progress=slow)


def embed_again(images: Path) -> None:
    while True:
        embed(images)

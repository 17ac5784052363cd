"""What typicality costs, and what its search in cells finds: ``python tests/benchmarks/typicality_speed.py --help``.

One product is a matrix product of as many pairs as the search looks at; both are timed in one run. What is found is
compared with all pairs for some of the rows: the share of the true nearest neighbours (recall), how much larger the
mean distance is, and the rank correlation of the scores. Data: ``spectrum``, coordinates of standard deviation j^-p as
embeddings have them; ``clusters``, 50 balls; ``ball``, one, where no neighbour is much nearer than another.
"""

import os
import resource
import time
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.stats import spearmanr

from lightly_ray.selection.neighbours import nearest_in_cells
from lightly_ray.selection.random_draw import random_keys
from lightly_ray.selection.threads import on_threads
from lightly_ray.selection.typicality import NEIGHBOURS
from lightly_ray.selection.whole_numbers import squared_norms, whole_vectors
from lightly_ray.settings import Settings, run

_LOOKED_AT = 16_384  # candidates of each sample, see `neighbours`


class SpeedSettings(Settings):
    """Typicality by cells against a matrix product."""

    rows: int = Field(default=1_000_000, ge=1_000, description="samples")
    dimensions: int = Field(default=128, ge=2, description="coordinates")
    data: Literal["spectrum", "clusters", "ball"] = Field(default="spectrum", description="kind of data")
    power: float = Field(default=0.5, ge=0, description="p of spectrum")
    compared: int = Field(default=300, ge=2, description="rows that are compared with all pairs")


def measure(settings: SpeedSettings) -> dict[str, object]:
    """Time the search, and compare what it finds."""
    vectors = _vectors(settings)
    started = time.perf_counter()
    keys = random_keys(range(len(vectors)), 0)
    hashed = time.perf_counter() - started
    nearest_in_cells(vectors[:1_000], keys[:1_000], NEIGHBOURS)  # compiles
    started = time.perf_counter()
    found = nearest_in_cells(vectors, keys, NEIGHBOURS)
    spent = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    some = np.random.default_rng(1).choice(len(vectors), settings.compared, replace=False)
    exact = np.concatenate([_of_all(vectors, row) for row in np.array_split(some, -(-len(some) // 20))])
    means, true_means = np.sqrt(found[some]).mean(axis=1), np.sqrt(exact).mean(axis=1)
    product = _product(vectors)
    return {
        **settings.model_dump(),
        "seconds": {"search": round(spent, 1), "product": round(product, 1), "keys": round(hashed, 1)},
        "products": round(spent / product, 2),
        "peak GiB of this process, its data included": round(peak, 2),
        "recall": round(float((found[some] <= exact[:, -1:]).mean()), 3),
        "mean distance larger by": {
            "mean": round(float((means / true_means - 1).mean()), 4),
            "largest": round(float((means / true_means - 1).max()), 3),
        },
        "rank correlation": round(float(spearmanr(means, true_means).statistic), 4),
    }


def _vectors(settings: SpeedSettings) -> NDArray[np.float32]:
    random, shape = np.random.default_rng(0), (settings.rows, settings.dimensions)
    rows = random.standard_normal(shape, np.float32)
    if settings.data == "spectrum":
        rows *= np.arange(1, settings.dimensions + 1, dtype=np.float32) ** -settings.power
    elif settings.data == "clusters":
        rows += random.standard_normal((50, settings.dimensions), np.float32)[random.integers(0, 50, settings.rows)]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return whole_vectors(rows)


def _of_all(vectors: NDArray[np.float32], rows: NDArray[np.intp]) -> NDArray[np.int64]:
    norms = squared_norms(vectors).astype(np.int64)
    squared = norms[rows, None] + norms - 2 * (vectors[rows] @ vectors.T).astype(np.int64)
    squared[np.arange(len(rows)), rows] = np.iinfo(np.int64).max
    return np.sort(np.partition(squared, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS], axis=1)


def _product(vectors: NDArray[np.float32]) -> float:
    columns = np.ascontiguousarray(vectors[:_LOOKED_AT].T)

    def multiply(start: int) -> None:
        vectors[start : start + 256] @ columns

    share = min(len(vectors), 50_000)
    started = time.perf_counter()
    on_threads(os.cpu_count() or 1, multiply, range(0, share, 256))
    return (time.perf_counter() - started) * len(vectors) / share


if __name__ == "__main__":
    run(measure, SpeedSettings)

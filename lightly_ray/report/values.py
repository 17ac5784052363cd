"""Which scores were chosen: their distribution beside the pool's, and their mean beside that of random draws."""

import numpy as np
from numpy.typing import NDArray

from lightly_ray.report.spread import Json, compared, rounded, rounded_list

DRAWS = 100
_BINS = 24


def score_figures(name: str, pool: NDArray[np.float64], chosen: NDArray[np.float64]) -> Json:
    """A score of the chosen beside the pool.

    Args:
        name: of the score.
        pool: (N,) scores of what could be chosen, finite, N >= 1.
        chosen: (K,) of what was, K >= 1.

    Returns:
        Histograms over the same ``edges``, as counts; means; and the mean ``compared`` with random draws.
    """
    low, high = float(min(pool.min(), chosen.min())), float(max(pool.max(), chosen.max()))
    edges = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    generator, count = np.random.default_rng(0), min(len(chosen), len(pool))
    draws = [pool[generator.choice(len(pool), count, replace=False, shuffle=False)].mean() for _ in range(DRAWS)]
    return {
        "name": name,
        "edges": rounded_list(edges),
        "pool": np.histogram(pool, edges)[0].tolist(),
        "chosen": np.histogram(chosen, edges)[0].tolist(),
        "pool_mean": rounded(float(pool.mean())),
        "compared": compared(float(chosen.mean()), draws),
    }

"""What queries of the agent are tried with: vectors and predictions of the twelve images of the uploaded dataset."""

from typing import Any

import numpy as np

RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(12, 5)).astype(np.float32)
PREDICTIONS = RNG.dirichlet(np.ones(3), size=12)


def in_order(names: list[str], chosen: Any) -> list[str]:
    """Chosen names as the agent gives them."""
    return [name for name in names if name in set(chosen)]

"""The greedy of facility location as it is defined: every gain anew, without bounds."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def greedy(kernel: NDArray[Any], weights: NDArray[np.int64], covered: NDArray[Any], picks: int) -> list[int]:
    """Picks of the largest gains, of equal ones the first, where row j of the kernel is how far j covers each."""
    chosen: list[int] = []
    for _ in range(picks):
        gains = (weights * np.maximum(0, kernel - covered)).sum(axis=1)
        gains[chosen] = -1
        chosen.append(int(gains.argmax()))
        covered = np.maximum(covered, kernel[chosen[-1]])
    return chosen

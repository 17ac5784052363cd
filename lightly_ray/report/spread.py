"""A figure of the selection beside the same figure of random draws of the same size.

Within means: between the least and the largest of the draws. A selection that is itself a random draw lies outside of D
draws by chance in 2 cases of D + 1, so no more is claimed than that.
"""

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

Json = dict[str, Any]
Verdict = Literal["above", "below", "within"]


def compared(chosen: float, draws: ArrayLike) -> Json:
    """``chosen``, the ``mean``, ``low`` and ``high`` of the draws, how many ``draws``, and the ``verdict``.

    Args:
        chosen: the figure of the selection.
        draws: (D,) the figures of random draws, D >= 1.
    """
    values = np.asarray(draws, dtype=np.float64)
    low, high = float(values.min()), float(values.max())
    verdict: Verdict = "above" if chosen > high else "below" if chosen < low else "within"
    return {
        "chosen": rounded(chosen),
        "mean": rounded(float(values.mean())),
        "low": rounded(low),
        "high": rounded(high),
        "draws": len(values),
        "verdict": verdict,
    }


def rounded(value: float) -> float | None:
    """A number with as many digits as a report shows at most; None where it is not finite."""
    return float(f"{value:.5g}") if np.isfinite(value) else None


def rounded_list(values: Iterable[float]) -> list[float | None]:
    """`rounded` of each."""
    return [rounded(float(value)) for value in values]

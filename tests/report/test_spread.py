"""A figure beside random draws."""

import numpy as np
import pytest

from lightly_ray.report.spread import compared, rounded


@pytest.mark.parametrize(("chosen", "verdict"), [(1.9, "below"), (2, "within"), (7.0, "within"), (7.5, "above")])
def test_compared(chosen: float, verdict: str) -> None:
    told = compared(chosen, np.array([7, 2, 4.5]))
    assert told == {"chosen": chosen, "mean": 4.5, "low": 2.0, "high": 7.0, "draws": 3, "verdict": verdict}


def test_rounded__has_five_digits_and_no_infinity() -> None:
    assert [rounded(one) for one in (1.23456789, 123456.7, np.inf, np.nan)] == [1.2346, 123460.0, None, None]

"""Scores of the chosen beside the pool."""

import numpy as np
import pytest

from lightly_ray.report.values import score_figures

POOL = np.arange(40) / 40


def test_score_figures__the_highest_are_above_every_draw() -> None:
    told = score_figures("uncertainty", POOL, POOL[-5:])
    assert told["compared"]["verdict"] == "above"
    assert told["compared"]["chosen"] == pytest.approx(0.925)
    assert (sum(told["pool"]), sum(told["chosen"]), told["pool_mean"]) == (40, 5, 0.4875)
    assert (told["edges"][0], told["edges"][-1], len(told["edges"])) == (0.0, 0.975, 25)


def test_score_figures__all_equal() -> None:
    told = score_figures("flat", np.full(7, 0.5), np.full(3, 0.5))
    assert told["compared"]["verdict"] == "within"
    assert sum(told["chosen"]) == 3

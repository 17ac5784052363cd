"""What is said of learning curves, against values worked by hand."""

import numpy as np
import pytest

from lightly_ray.workflow.comparison.statistics import against, interval, labels_needed

BUDGETS = np.array([10, 20, 40, 80])


def test_labels_needed__by_hand() -> None:
    base = np.array([0.2, 0.4, 0.6, 0.8])
    assert labels_needed(base, base, BUDGETS, 40) == pytest.approx(40)
    faster = np.array([0.4, 0.6, 0.8, 0.8])  # a budget ahead everywhere
    assert labels_needed(faster, base, BUDGETS, 80) == pytest.approx(40)
    assert labels_needed(faster, base, BUDGETS, 20) == 10  # there at its first budget
    assert labels_needed(faster, base, BUDGETS, 40) == pytest.approx(20)
    # RANDOM has 0.5 half way between 20 and 40 on a logarithmic axis; the other one between 10 and 20.
    assert labels_needed(faster, base, BUDGETS, 20 * 2**0.5) == pytest.approx(10 * 2**0.5)
    dips = np.array([0.4, 0.7, 0.3, 0.8])  # a curve counts as its best so far
    assert labels_needed(dips, base, BUDGETS, 40) == pytest.approx(10 * 2 ** (2 / 3))
    assert labels_needed(base, faster, BUDGETS, 80) == pytest.approx(80)
    assert labels_needed(base / 2, base, BUDGETS, 80) == np.inf


def test_against__by_hand() -> None:
    random = np.random.default_rng(0)
    base = np.array([0.2, 0.4, 0.6, 0.8]) + random.normal(0, 0.01, (30, 4))
    better = base + np.array([0.1, 0.1, 0.02, 0.0])
    verdict = against(better, base, BUDGETS, 400)
    assert verdict.lower == pytest.approx(10)
    assert verdict.upper == pytest.approx(1)
    assert verdict.worst == pytest.approx(0, abs=1e-9)
    assert (verdict.worst_p, verdict.below) == (1, 0)
    assert verdict.savings[0.05] is not None
    assert verdict.savings[0.05].labels == 20
    share = verdict.savings[0.1]
    assert share is not None
    assert share.labels == 40
    assert share.share is not None
    assert share.low is not None
    assert share.low <= share.share < 1
    worse = base + np.array([0.1, -0.1, 0.01, 0.01]) + random.normal(0, 0.01, (30, 4))
    found = against(worse, base, BUDGETS, 400)
    assert found.below == 1
    assert found.worst == pytest.approx(-10, abs=1)
    assert found.worst_p < 1e-6
    never = against(base - 0.5, base, BUDGETS, 400).savings[0.2]
    assert never is not None
    assert never.share is None
    assert against(base - 0.5, base, BUDGETS, 400).below == 4


def test_interval__of_three_seeds() -> None:
    mean, half = interval(np.array([[1.0], [2.0], [3.0]]))
    assert mean[0] == 2
    assert half[0] == pytest.approx(4.302653 / 3**0.5, rel=1e-6)  # t of 2 degrees of freedom


def test_against__shares_of_the_pool_outside_the_budgets_are_not_measured() -> None:
    base = np.array([[0.2, 0.4, 0.6, 0.8], [0.3, 0.4, 0.5, 0.7]])
    # Budgets 10 .. 80: of 500 samples 5 % and 10 % lie within, 20 % = 100 above; of 100, 5 % = 5 below.
    assert [share for share, found in against(base, base, BUDGETS, 500).savings.items() if found is None] == [0.2]
    assert [share for share, found in against(base, base, BUDGETS, 100).savings.items() if found is None] == [0.05]

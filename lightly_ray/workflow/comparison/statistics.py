"""Learning curves of many seeds -> what can be said of them, in pairs with RANDOM."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t, ttest_1samp

SHARES = (0.05, 0.1, 0.2)  # of the pool, at which RANDOM's accuracy is to be reached
_DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Savings:
    """Labels that a method needs for what RANDOM reaches with a share of the pool, as a share of RANDOM's.

    Attributes:
        labels: RANDOM's, from whose accuracy the comparison is made.
        share: labels of the method / labels of RANDOM; None where it does not get there within the budgets.
        low, high: 95 % bootstrap interval over the seeds.
    """

    labels: float
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A method against RANDOM.

    Attributes:
        lower, upper: mean difference in points of accuracy, over the lower and upper half of the budgets.
        worst: smallest mean difference at a budget, in points.
        worst_p: its p-value, paired t-test, Bonferroni over the budgets; 1 where nothing differs.
        below: at how many budgets it is significantly (5 %) below RANDOM.
        savings: by share of the pool; None where it lies outside the budgets, which is not measured.
    """

    lower: float
    upper: float
    worst: float
    worst_p: float
    below: int
    savings: dict[float, Savings | None]


def interval(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean (B,) of seeds' values (S, B), and half the width of its 95 % interval (Student's t)."""
    seeds = len(values)
    half = t.ppf(0.975, seeds - 1) * values.std(axis=0, ddof=1) / np.sqrt(seeds)
    return values.mean(axis=0), np.asarray(half)


def against(accuracy: NDArray[np.float64], base: NDArray[np.float64], budgets: NDArray[np.int64], pool: int) -> Verdict:
    """Compare a method's accuracies (S, B) with those of RANDOM (S, B) at the same budgets (B,)."""
    points = np.round(100 * (accuracy - base), 9)  # what seeds have in common is then the same to the last bit
    means, count = points.mean(axis=0), len(budgets)
    chances = np.array([_chance(points[:, place]) for place in range(count)]) * count
    worst = int(means.argmin())
    return Verdict(
        lower=float(means[: max(1, count // 2)].mean()),
        upper=float(means[count // 2 :].mean()),
        worst=float(means[worst]),
        worst_p=min(1.0, float(chances[worst])),
        below=int(((means < 0) & (chances < 0.05)).sum()),
        savings={share: _savings(accuracy, base, budgets, round(share * pool, 6)) for share in SHARES},
    )


def _chance(points: NDArray[np.float64]) -> float:
    """p-value of a mean difference from 0."""
    if np.ptp(points) == 0:  # every seed alike, which the test cannot divide by
        return 1.0 if points[0] == 0 else 0.0
    return float(ttest_1samp(points, 0).pvalue)


def _savings(
    accuracy: NDArray[np.float64], base: NDArray[np.float64], budgets: NDArray[np.int64], labels: float
) -> Savings | None:
    if not budgets[0] <= labels <= budgets[-1]:
        return None
    share = labels_needed(accuracy.mean(axis=0), base.mean(axis=0), budgets, labels)
    random = np.random.default_rng(0)
    draws = random.integers(0, len(base), (_DRAWS, len(base)))
    found = np.array(
        [labels_needed(accuracy[some].mean(axis=0), base[some].mean(axis=0), budgets, labels) for some in draws]
    )
    low, high = np.quantile(found, [0.025, 0.975], method="nearest")
    return Savings(labels, *(None if np.isinf(value) else float(value / labels) for value in (share, low, high)))


def labels_needed(
    accuracy: NDArray[np.float64], base: NDArray[np.float64], budgets: NDArray[np.int64], labels: float
) -> float:
    """Labels that a method needs for RANDOM's accuracy at ``labels``; inf where it does not reach it.

    Both curves (B,) are made monotone (the best so far), and read between budgets along the logarithm of labels. A
    method that is there at the first budget is said to need that budget.
    """
    logs = np.log(budgets)
    target = np.interp(np.log(labels), logs, np.maximum.accumulate(base))
    curve = np.maximum.accumulate(accuracy)
    if curve[-1] < target:
        return np.inf
    place = int((curve >= target).argmax())
    if place == 0:
        return float(budgets[0])
    between = slice(place - 1, place + 1)
    return float(np.exp(np.interp(target, curve[between], logs[between])))

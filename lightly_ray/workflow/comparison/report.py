"""Outcomes of all methods and seeds -> a table in Markdown, and learning curves as a picture."""

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lightly_ray.workflow.comparison.experiment import Outcome, Plan
from lightly_ray.workflow.comparison.statistics import SHARES, Verdict, against, interval
from lightly_ray.workflow.curves import Band, draw_bands

_HEAD = [
    "method", "points, lower / upper half", "worst budget (p)", "significantly below",
    *(f"labels at {share:.0%} of the pool" for share in SHARES), "recall of rare classes, lower / upper half",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """What a comparison found.

    Attributes:
        markdown: a table with how it was made.
        picture: learning curves with 95 % intervals, a PNG.
        verdicts: by method, RANDOM left out.
    """

    markdown: str
    picture: bytes
    verdicts: dict[str, Verdict]


def make_report(name: str, plan: Plan, outcomes: Mapping[str, list[Outcome]]) -> Report:
    """Put a comparison into words and a picture.

    Args:
        name: what the data is called.
        plan: how it was made.
        outcomes: by method, RANDOM among them, seed by seed.
    """
    budgets = np.array(plan.budgets)
    accuracy = {method: np.array([one.accuracy for one in runs]) for method, runs in outcomes.items()}
    rare = {method: np.array([one.rare_recall for one in runs]) for method, runs in outcomes.items()}
    base = accuracy["random"]
    verdicts = {
        method: against(values, base, budgets, plan.pool) for method, values in accuracy.items() if method != "random"
    }
    lines = [
        f"# Methods compared on {name}",
        "",
        f"Pool {plan.pool:,}, {len(base)} seeds, {plan.refits} selection{'s' * (plan.refits > 1)} between two budgets; "
        f"logistic regression, {'C and class weights by cross-validation' if plan.cross_validated else 'C = 1'}. "
        "Points of accuracy against RANDOM with the same number of labels, in pairs by seed; p of a paired t-test, "
        "Bonferroni over the budgets; labels needed for RANDOM's accuracy at a share of the pool, as a share of "
        "RANDOM's, with a 95 % bootstrap interval over the seeds (-: outside the budgets; not: never reached). "
        "Rare classes: the rarest quarter in the pool.",
        "",
        f"RANDOM's accuracy at {_listed(plan.budgets, '{:,}')} labels: {_listed(100 * base.mean(axis=0), '{:.1f}')} %.",
        "",
        *_table(
            [_HEAD, *([*_row(method, verdict), _halves(100 * rare[method])] for method, verdict in verdicts.items())]
        ),
        "",
        f"Recall of rare classes, RANDOM: {_halves(100 * rare['random'])} %.",
        "",
    ]
    bands = [Band(method.upper(), *interval(values)) for method, values in accuracy.items()]
    file = io.BytesIO()
    draw_bands(file, plan.budgets, bands, f"Methods compared on {name}", f"mean of {len(base)} seeds, 95 % interval")
    return Report("\n".join(lines), file.getvalue(), verdicts)


def _row(method: str, verdict: Verdict) -> list[str]:
    cells = [method, f"{verdict.lower:+.1f} / {verdict.upper:+.1f}", f"{verdict.worst:+.1f} ({verdict.worst_p:.2g})"]
    cells.append(str(verdict.below))
    for one in verdict.savings.values():
        if one is None:
            cells.append("-")
            continue
        ends = ", ".join("not" if end is None else f"{end:.2f}" for end in (one.low, one.high))
        cells.append(f"{'not' if one.share is None else format(one.share, '.2f')} [{ends}]")
    return cells


def _halves(values: NDArray[np.float64]) -> str:
    means = values.mean(axis=0)
    return f"{means[: max(1, len(means) // 2)].mean():.1f} / {means[len(means) // 2 :].mean():.1f}"


def _table(rows: list[list[str]]) -> list[str]:
    head, *others = ["| " + " | ".join(row) + " |" for row in rows]
    return [head, "|" + "---|" * len(rows[0]), *others]


def _listed(values: object, pattern: str) -> str:
    return ", ".join(pattern.format(value) for value in np.asarray(values).tolist())

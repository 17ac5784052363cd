"""Accuracy and labels over the rounds, the same of random draws where there are some, and what going on would cost.

    gain per label = (accuracy now - accuracy before) / (labels now - labels before)
    spread         = sqrt(a (1 - a) / m),   a an accuracy on m samples: the standard error of a share

Gains fall from round to round as a rule, so what follows from the last one is the least that going on costs. Where the
last gain is smaller than the spread of the two accuracies, it says nothing, and the report says that.
"""

import math
from dataclasses import asdict, dataclass

from lightly_ray.report.spread import Json, rounded

POINT = 0.01  # one point of accuracy


@dataclass(frozen=True, slots=True)
class Round:
    """One tag of a line.

    Attributes:
        tag: its name.
        method: how it was selected, None where no selection made it.
        labels: how many samples it holds.
        accuracy: of the model that learned from it, None where it is not known.
        measured_on: how many samples that was measured on; None: it is no share of samples, so has no such spread.
        metric: what is called accuracy here.
        per_class: labels by class, as far as they are known.
    """

    tag: str
    method: str | None
    labels: int
    accuracy: float | None = None
    measured_on: int | None = None
    metric: str | None = None
    per_class: dict[str, int] | None = None


def over_the_rounds(rounds: list[Round], random: list[Round], left: int) -> Json:
    """What the rounds came to.

    Args:
        rounds: from the first to this one.
        random: rounds of another line, all drawn at random; may be empty.
        left: how many samples can still be selected.
    """
    return {
        "rounds": [asdict(one) for one in rounds],
        "random": [asdict(one) for one in random],
        "metric": next((one.metric for one in (*rounds, *random) if one.metric is not None), "accuracy"),
        "against_random": _against(rounds, random),
        "going_on": _going_on(rounds, left),
    }


def _against(rounds: list[Round], random: list[Round]) -> Json | None:
    """The newest round beside the random one with as many labels."""
    for one in reversed(rounds):
        other = next((other for other in random if other.labels == one.labels), None)
        if other is not None and one.accuracy is not None and other.accuracy is not None:
            difference, spread = one.accuracy - other.accuracy, _spread(one, other)
            return {
                "tag": one.tag,
                "random_tag": other.tag,
                "labels": one.labels,
                "difference": rounded(difference),
                "spread": rounded(spread),
                "verdict": "within" if abs(difference) <= 2 * spread else "above" if difference > 0 else "below",
            }
    return None


def _going_on(rounds: list[Round], left: int) -> Json:
    """Labels for one more point at the last rate of gain; None where that rate says nothing, and why."""
    measured = [one for one in rounds if one.accuracy is not None]
    result: Json = {"left": left, "labels_for_a_point": None, "why_not": None}
    if len(measured) < 2:
        return result | {"why_not": "two rounds with an accuracy are needed"}
    before, now = measured[-2:]
    more, gain = now.labels - before.labels, (now.accuracy or 0.0) - (before.accuracy or 0.0)
    if more <= 0:
        return result | {"why_not": "the last round has added no labels"}
    spread = _spread(before, now)
    result |= {"last_gain": rounded(gain), "last_labels": more, "spread": rounded(spread)}
    if gain <= 2 * spread:
        return result | {"why_not": "the last gain lies within the spread of the accuracies it is the difference of"}
    needed = math.ceil(round(more * POINT / gain, 6))  # 100 labels for 0.7 - 0.6 are 10 a point
    return result | {"labels_for_a_point": needed, "more_than_left": needed > left}


def _spread(one: Round, other: Round) -> float:
    """The standard error of a difference of two accuracies, as if they were measured apart: on one set it is less."""
    total = 0.0
    for it in (one, other):
        accuracy, count = it.accuracy or 0.0, it.measured_on or 0
        total += accuracy * (1 - accuracy) / count if count else math.inf
    return math.sqrt(total)

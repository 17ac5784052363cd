"""`method="auto"`: which method suits what is given, and why. The measurements behind it: guide/which_method.md."""

from dataclasses import dataclass
from typing import NamedTuple

from lightly_ray.methods import AskedMethod, Method

_BATCHES = "the same labels in four batches, with a model trained in between, gain more than any change of method"


@dataclass(frozen=True, slots=True)
class Situation:
    """What a selection is given.

    Attributes:
        n_samples: the size, or a share.
        most: how many samples coverage picks at a time.
        min_distance: 0 is off.
        certify: multiples of the picks spent on a certificate; 1 where nobody asked for more.
        selected: whether samples are selected already.
        scored: whether there are scores, or predictions to take them from.
        labelled: whether labels of selected samples are there, beside predictions.
    """

    n_samples: int | float
    most: int
    min_distance: float
    certify: int
    selected: bool
    scored: bool
    labelled: bool


class Choice(NamedTuple):
    """A method, and why it was chosen; no reason where it was asked for."""

    method: Method
    why: str | None


def choose_method(asked: AskedMethod, given: Situation) -> Choice:
    """The method that was asked for, or for "auto" the one that suits."""
    if asked != "auto":
        return Choice(asked, None)
    reason = _against_coverage(given)
    if reason is not None:
        return Choice("coral" if given.scored else "coreset", reason)
    return Choice("coverage", _for_coverage(given))


def _against_coverage(given: Situation) -> str | None:
    if given.min_distance > 0:
        return "a smallest distance between samples was asked for"
    if given.certify > 1 and not given.scored:
        return "a certificate was asked for"
    if given.n_samples > given.most:
        return f"coverage picks at most {given.most:,} samples at a time"
    return None


def _for_coverage(given: Situation) -> str:
    if given.labelled and given.selected:
        return f"predictions and labels are there, so it looks at classes; {_BATCHES}"
    if given.scored:
        return "scores are there, which weigh what is to be covered; labels beside predictions would gain more"
    if given.selected:
        return "samples are selected already; scores of a model trained on them would gain more"
    return "nothing is selected yet"

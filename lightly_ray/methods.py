"""The selection methods, what each needs, and how large a selection is: the one place that knows.

Engine, client, agent, platform and jobs ask here, so no two of them can disagree about a name or a size.
"""

import math
import operator
from fractions import Fraction
from typing import Final, Literal, SupportsIndex, TypeGuard, get_args

import numpy as np

from lightly_ray.errors import InvalidInputError

Method = Literal["random", "coreset", "coral", "active_learning", "coverage", "cluster"]
METHODS: tuple[Method, ...] = get_args(Method)
AskedMethod = Literal["auto", Method]
"""A method, or "auto": the one that suits what is given, see `lightly_ray.selection.automatic`."""

Normalize = bool | Literal["whiten"]
"""Embeddings as they are, at unit length, or whitened and then at unit length."""

DEFAULT_SCORE: Final = "uncertainty_margin"
PREDICTION_ERROR, LABEL_ERROR = EVALUATION_SCORES = ("prediction_error", "label_error")  # what an evaluation leaves
INITIAL_TAG = "initial-tag"  # of every dataset: all of its samples; grows when images are appended
CANNOT_BE_LABELLED_TAG = "cannot-be-labelled"  # of a dataset: what is never offered again; grows by marking
VALIDATION_TAG = "validation"  # what a held-out set is called where nothing else is said
OPEN_END = -1  # as n_samples: as many as min_distance allows


class SamplingMethod:
    """Names of the selection methods on the wire; each is a plain string.

    ACTIVE_LEARNING: the highest scores, nothing else. AUTO: the one of the others that suits what is given. CLUSTER:
    one sample of each cluster of those that have the highest scores, of all where none are given. CORAL: far from
    everything selected, weighted by the score. CORESET: far from everything selected. COVERAGE: like many samples that
    nothing selected is like yet, where scores are given weighted by them. RANDOM: a uniform draw that depends on the
    seed only.
    """

    ACTIVE_LEARNING = "ACTIVE_LEARNING"
    AUTO = "AUTO"
    CLUSTER = "CLUSTER"
    CORAL = "CORAL"
    CORESET = "CORESET"
    COVERAGE = "COVERAGE"
    RANDOM = "RANDOM"


SUMMARIES: dict[str, str] = {
    SamplingMethod.AUTO: "The one of the others that suits what is given, and why.",
    SamplingMethod.CORESET: "Far from everything selected: no part of the data is missed.",
    SamplingMethod.CORAL: "Far from everything selected, weighted by the score.",
    SamplingMethod.COVERAGE: "Like many samples that the selected are not like, weighted by a score if one is given.",
    SamplingMethod.CLUSTER: "One sample of each cluster, of those with the highest scores where some are given.",
    SamplingMethod.ACTIVE_LEARNING: "The highest scores, nothing else.",
    SamplingMethod.RANDOM: "A uniform draw that depends on the seed only.",
}
"""Every method by its name on the wire, in one sentence for people who choose."""


def parse_method(value: object) -> AskedMethod:
    """The method of this name, or "auto", in upper, lower or mixed case.

    Raises:
        InvalidInputError: there is no such method.
    """
    name = value.lower() if isinstance(value, str) else value
    if name != "auto" and name not in METHODS:
        raise InvalidInputError(f"method must be one of auto, {', '.join(METHODS)}, got {value!r}")
    return name


def needs_scores(method: str) -> bool:
    """Whether this method, in any case, reads scores."""
    return method.lower() in ("coral", "active_learning")


def takes_scores(method: str) -> bool:
    """Whether this method, in any case, can use scores."""
    return needs_scores(method) or method.lower() in ("auto", "coverage", "cluster")


def takes_labels(method: str) -> bool:
    """Whether this method, in any case, can look at labels, beside predictions."""
    return method.lower() in ("auto", "coverage")


def needs_embeddings(method: str) -> bool:
    """Whether this method, in any case, reads embeddings."""
    return method.lower() in ("auto", "coreset", "coral", "coverage", "cluster")


def picks_farthest(method: str) -> bool:
    """Whether this method, in any case, picks by the distance to what is selected."""
    return method.lower() in ("coreset", "coral")


def takes_min_distance(method: str) -> bool:
    """Whether this method, in any case, can keep a smallest distance; "auto" then takes one that can."""
    return picks_farthest(method) or method.lower() == "auto"


def default_normalize(method: str, min_distance: float) -> Normalize | None:
    """What agent, client and jobs do to embeddings before distances are taken, where nothing is said.

    None for "auto", which does as the method that it takes.

    CORESET and CORAL are whitened: on plain axes they are worse than a random draw on many data sets. A smallest
    distance is one of the given embeddings, which therefore stay as they are. COVERAGE looks at directions.
    """
    if method.lower() == "auto":
        return None
    if picks_farthest(method):
        return "whiten" if min_distance <= 0 else False
    return needs_embeddings(method)


def require_normalize(value: object, min_distance: float) -> Normalize:
    """What is to be done to embeddings, if it goes with the smallest distance.

    Raises:
        InvalidInputError: it is none of what there is, or does not go with it.
    """
    if isinstance(value, str) and value == "whiten":
        if min_distance > 0:
            raise InvalidInputError(
                f"min_distance={min_distance:g} is a distance of the given embeddings, and normalize='whiten' changes "
                "distances: use normalize=True or False"
            )
        return "whiten"
    if not isinstance(value, bool | np.bool_):
        raise InvalidInputError(f"normalize must be True, False or 'whiten', got {value!r}")
    return bool(value)


def default_score(names: list[str]) -> str:
    """The score that a selection uses where none is named: `DEFAULT_SCORE`, else the first of ``names``.

    What an evaluation leaves is not taken while there is another: it is asked for by its name.
    """
    if DEFAULT_SCORE in names:
        return DEFAULT_SCORE
    return next((name for name in names if name not in EVALUATION_SCORES), names[0])


def is_number(value: object) -> TypeGuard[float]:
    """Whether this is a number, NumPy's too; a bool is none."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def require_integer(value: object, name: str) -> int:
    """An int of anything that is one, NumPy's too.

    Raises:
        InvalidInputError: it is none; a bool is none.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, SupportsIndex):
        raise InvalidInputError(f"{name} must be a whole number, got {value!r}")
    return operator.index(value)


def require_size(value: object) -> int | float:
    """The size of a selection as it may be asked for: a number of samples, or a share of what is available.

    Args:
        value: an integer (NumPy's too), or a float in (0, 1].

    Returns:
        An int, or the share as a Python float with the digits that it is written with: float32(0.1) gives 0.1.

    Raises:
        InvalidInputError: it is neither.
    """
    if not isinstance(value, float | np.floating):
        return require_integer(value, "n_samples")
    if not 0 < value <= 1:
        raise InvalidInputError(f"n_samples as a float is a share in (0, 1], got {value}")
    return float(str(value))


def resolve_size(size: float, available: int, *, open_end: bool = False) -> int:
    """The number of samples that a size stands for.

    Args:
        size: as `require_size` returns it.
        available: samples in the query set or preselected.
        open_end: whether `min_distance` ends the selection, so that `OPEN_END` means everything available.

    Returns:
        ``ceil(share x available)`` in exact arithmetic: 0.07 of 100 is 7, though ``0.07 * 100 > 7`` in binary.
    """
    if isinstance(size, float):
        return math.ceil(Fraction(repr(size)) * available)
    return available if open_end and size == OPEN_END else int(size)


def require_random_share(value: object, min_distance: float) -> float:
    """The share of the picks that is drawn at random, with the digits that it is written with.

    Raises:
        InvalidInputError: it is no number in [0, 1), or there is a smallest distance, which a draw does not keep.
    """
    if not is_number(value) or not 0 <= float(str(value)) < 1:
        raise InvalidInputError(f"random_share must be a number from 0 to less than 1, got {value!r}")
    share = float(str(value))
    if share > 0 and min_distance > 0:
        raise InvalidInputError(
            f"random_share={share:g} draws samples whatever their distance: leave out min_distance={min_distance:g}"
        )
    return share


def resolve_random_share(share: float, picks: int) -> int:
    """How many of ``picks`` are drawn at random: ``ceil(share x picks)`` in exact arithmetic."""
    return math.ceil(Fraction(repr(share)) * picks)


def require_possible(n_samples: int, available: int, preselected: int, *, left_out: int = 0) -> None:
    """Refuse a number of samples that no selection can have; ``left_out`` are not among the ``available``.

    Raises:
        InvalidInputError: it is below 1, below the number of preselected samples, or above ``available``.
    """
    if n_samples < 1:
        raise InvalidInputError(f"n_samples must be 1 or more (1.0 asks for everything), got {n_samples}")
    if n_samples > available:
        without = f", without {left_out} that are left out" if left_out else ""
        raise InvalidInputError(
            f"n_samples={n_samples} is more than the {available} samples of query set and preselected together{without}"
        )
    if n_samples < preselected:
        raise InvalidInputError(
            f"n_samples={n_samples} counts the preselected samples too, and there are {preselected}"
        )

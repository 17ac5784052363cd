"""Products of powers of scores: ``{"uncertainty_margin": 1, "typicality": 2}``.

Named scores come from a table or from predictions; `typicality`, where no table has it, from the embeddings that may
be selected or are.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lightly_ray.data.ids import Ids
from lightly_ray.errors import InvalidInputError
from lightly_ray.methods import is_number
from lightly_ray.parallel.selection.prediction_inputs import GivenPredictions
from lightly_ray.parallel.selection.score_inputs import as_table, names_of_scores, read_scores
from lightly_ray.parallel.selection.typicality_pool import typicality_of
from lightly_ray.scores.classification import UNCERTAINTIES
from lightly_ray.selection.request import EqualScores, NamedScores, Problem, RowScores, as_numbers, require_scores

TYPICALITY = "typicality"


class Wanted(NamedTuple):
    """Scores to select by.

    Attributes:
        given: those that are given, multiplied where there are several; None for none.
        typicality: the exponent of the typicality that they are multiplied by; None for none.
    """

    given: NamedScores | RowScores | EqualScores | str | None
    typicality: float | None


def read_wanted(
    scores: Any,
    score: str | Mapping[str, float] | None,
    predicted: GivenPredictions | None,
    id_column: str,
    open_ids: Callable[[], Ids],
) -> Wanted:
    """Read the scores of a selection.

    Args:
        scores: what `select` takes; names of scores with exponents instead of ids with scores.
        score: the name of a score of a table or of predictions; or names with exponents.
        predicted: scores are taken of these where no others are given.
        id_column: of the ids in a table.
        open_ids: the ids of the data, for scores that may go by id or be exponents.

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: there is no such score, or an exponent is no number above 0.
    """
    if score is None and _are_names(scores) and not open_ids().contain_any(list(scores)):
        scores, score = None, scores
    if not isinstance(score, Mapping):
        return Wanted(_one(scores, score, predicted, id_column), None)
    _require_powers(score)
    table = None if scores is None or isinstance(scores, str | Mapping) else as_table(scores, id_column)
    scores = scores if table is None else table
    names = names_of_scores(scores, id_column)
    if scores is not None and names is None:
        raise InvalidInputError(
            f"scores have no names here, and score={dict(score)!r} says which to multiply: give a table with a column "
            "for each, such as `lightly_ray.score` makes, or multiply the numbers beforehand"
        )
    computed = TYPICALITY if TYPICALITY not in (names or ()) else None
    others = {name: power for name, power in score.items() if name != computed}
    if not others:
        return Wanted(EqualScores(), score[TYPICALITY])
    read = [(_one(scores, name, predicted, id_column), power) for name, power in sorted(others.items())]
    return Wanted(_product(read), score.get(computed) if computed else None)


def _are_names(scores: Any) -> bool:
    return isinstance(scores, Mapping) and bool(scores) and set(scores) <= {TYPICALITY, *UNCERTAINTIES}


def _one(
    scores: Any, score: str | None, predicted: GivenPredictions | None, id_column: str
) -> NamedScores | RowScores | str | None:
    if scores is None and predicted is not None:
        return predicted.scores(score)
    return read_scores(scores, id_column, score)


def _product(read: list[tuple[NamedScores | RowScores | str | None, float]]) -> NamedScores | RowScores:
    whole: NDArray[np.float64] | float = 1.0
    least: NDArray[np.float64] | float = 0.0
    for one, power in read:
        if one is None or isinstance(one, str):
            raise InvalidInputError("several scores are multiplied where they come from a table or from predictions")
        numbers = as_numbers(one.values, one.what if isinstance(one, NamedScores) else "scores")
        with np.errstate(over="ignore", invalid="ignore"):
            whole = whole * numbers ** float(power)
        least = np.fmin(least, numbers)
    # A power could hide that a score is less than 0, which none may be.
    whole = np.where(np.asarray(least) < 0, least, whole)
    first = read[0][0]
    return (
        NamedScores(first.ids, whole, "the product of scores") if isinstance(first, NamedScores) else RowScores(whole)
    )


def _require_powers(powers: Mapping[str, float]) -> None:
    for name, power in powers.items():
        if not is_number(power) or not 0 < power < math.inf:
            raise InvalidInputError(f"the exponent of the score {name!r} must be a number above 0, got {power!r}")
    if not powers:
        raise InvalidInputError("score={} names no score")


def with_typicality(problem: Problem, power: float, memory_limit: float | None) -> Problem:
    """The problem with its scores times the typicality of the candidates, to a power.

    Raises:
        InvalidInputError: an embedding is bad, memory does not suffice, or a product is too large.
    """
    positions = np.searchsorted(problem.needed, problem.candidates)
    with np.errstate(over="ignore"):
        typical = typicality_of(problem, memory_limit)[positions] ** float(power)
        scored = replace(problem, scores=typical if problem.scores is None else problem.scores * typical)
    require_scores(scored)
    return scored

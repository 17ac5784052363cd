"""Products of powers of scores: ``{"uncertainty_margin": 1, "typicality": 2}``.

Named scores come from a table or from predictions; `typicality`, where no table has it, from the embeddings that may
be selected or are.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lightly_ray.errors import InvalidInputError
from lightly_ray.methods import is_number
from lightly_ray.parallel.selection.prediction_inputs import GivenPredictions
from lightly_ray.parallel.selection.score_inputs import read_scores
from lightly_ray.parallel.selection.typicality_pool import typicality_of
from lightly_ray.scores.classification import UNCERTAINTIES
from lightly_ray.selection.request import EqualScores, NamedScores, Problem, RowScores

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
    scores: Any, score: str | Mapping[str, float] | None, predicted: GivenPredictions | None, id_column: str
) -> Wanted:
    """Read the scores of a selection.

    Args:
        scores: what `select` takes; names of scores with exponents instead of ids with scores.
        score: the name of a score of a table or of predictions; or names with exponents.
        predicted: scores are taken of these where no others are given.
        id_column: of the ids in a table.

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: there is no such score, or an exponent is no number above 0.
    """
    if isinstance(scores, Mapping) and scores and set(scores) <= {TYPICALITY, *UNCERTAINTIES}:
        scores, score = None, scores
    if not isinstance(score, Mapping):
        return Wanted(_one(scores, score, predicted, id_column), None)
    _require_powers(score)
    others = {name: power for name, power in score.items() if name != TYPICALITY}
    if not others:
        return Wanted(EqualScores(), score[TYPICALITY])
    read = [(_one(scores, name, predicted, id_column), power) for name, power in sorted(others.items())]
    return Wanted(_product(read), score.get(TYPICALITY))


def _one(
    scores: Any, score: str | None, predicted: GivenPredictions | None, id_column: str
) -> NamedScores | RowScores | str | None:
    if scores is None and predicted is not None:
        return predicted.scores(score)
    return read_scores(scores, id_column, score)


def _product(read: list[tuple[NamedScores | RowScores | str | None, float]]) -> NamedScores | RowScores:
    whole: NDArray[np.float64] | float = 1.0
    for one, power in read:
        if one is None or isinstance(one, str):
            raise InvalidInputError("several scores are multiplied where they come from a table or from predictions")
        whole = whole * np.asarray(one.values, np.float64) ** float(power)
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
        InvalidInputError: an embedding is bad, or memory does not suffice.
    """
    positions = np.searchsorted(problem.needed, problem.candidates)
    typical = typicality_of(problem, memory_limit)[positions] ** float(power)
    return replace(problem, scores=typical if problem.scores is None else problem.scores * typical)

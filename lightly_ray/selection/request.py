"""What one call of `select` asks for, as numbers: every setting checked, every id turned into a row.

The decision table of selections lives here: how many picks, from which rows, with which scores. What
comes out is clean; nothing behind it checks a setting again.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, SupportsIndex

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray._types import IdsLike, NumberLike
from lightly_ray.data.ids import Ids, RowNumbers
from lightly_ray.data.sources import Source
from lightly_ray.data.vectors import Layout
from lightly_ray.errors import InvalidInputError
from lightly_ray.methods import (
    Method,
    Normalize,
    is_number,
    needs_scores,
    picks_farthest,
    require_integer,
    require_normalize,
    require_possible,
    require_size,
    resolve_size,
    takes_scores,
)
from lightly_ray.selection.class_agreement import ClassPredictions
from lightly_ray.selection.greedy import Picks
from lightly_ray.selection.random_draw import random_keys
from lightly_ray.selection.whitening import AXES, Whitening


@dataclass(frozen=True, slots=True)
class SelectionSettings:
    """The settings of a selection that do not depend on its data.

    Attributes:
        n_samples: size of the result, preselected included, or a share in (0, 1].
        method: how to select.
        min_distance: 0 is off.
        normalize: bring embeddings to unit length first, whitened before where it says so.
        seed: of the random draw.
        certify: multiples of the picks that are spent on the certificate.
    """

    n_samples: int | float
    method: Method
    min_distance: float
    normalize: Normalize
    seed: int
    certify: int

    @property
    def whitens(self) -> bool:
        """Whether embeddings are whitened."""
        return self.normalize == "whiten"


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """One selection, every id turned into a row.

    Attributes:
        settings: what is asked for.
        source: where the N rows lie.
        ids: of all N rows.
        candidates: (n,) rows that may be picked, ascending: the query set without the preselected.
        preselected: (p,) rows in the caller's order.
        centers: (c,) those of them that repel and cover: all but what cannot be labelled.
        scores: (n,) float64 of the candidates, None for methods without scores.
        picks: how many rows to pick, 0 .. n.
        skipped: row -> why it was left out of the candidates.
        whitening: of an earlier selection, to be used again; None: it is fitted where one is asked for.
        classes: what is predicted and known of classes; None where coverage does not look at them.
        drawn: picks that were drawn at random beforehand; their rows are the last of ``preselected``.
    """

    settings: SelectionSettings
    source: Source
    ids: Ids
    candidates: RowNumbers
    preselected: RowNumbers
    centers: RowNumbers
    scores: NDArray[np.float64] | None
    picks: int
    skipped: Mapping[int, str] = field(default_factory=dict)
    whitening: Whitening | None = None
    classes: ClassPredictions | None = None
    drawn: Picks | None = None

    @property
    def kept_layout(self) -> Layout:
        """How vectors lie in memory; of a whitening that is not fitted yet, at most."""
        if self.settings.whitens:
            return Layout(min(AXES, self.source.layout.width), np.dtype(np.float32))
        return self.source.layout.kept(normalize=bool(self.settings.normalize))

    @property
    def needed(self) -> RowNumbers:
        """Every row whose embedding matters, ascending."""
        return np.sort(np.concatenate([self.candidates, self.centers])) if len(self.centers) else self.candidates

    def random_keys(self, seed: int, rows: RowNumbers | None = None) -> NDArray[np.uint64]:
        """(n,) random keys of the candidates, or of some rows, which depend on their ids and the seed alone."""
        texts = self.ids.texts(self.candidates if rows is None else rows)
        return np.concatenate([np.zeros(0, np.uint64), *(random_keys(some, seed) for some in texts)])


@dataclass(frozen=True, slots=True, eq=False)
class NamedScores:
    """Scores by id.

    Attributes:
        ids: (k,) of samples.
        values: (k,) numbers, null for none.
        what: how messages call them.
    """

    ids: IdsLike
    values: object
    what: str


@dataclass(frozen=True, slots=True, eq=False)
class RowScores:
    """Scores by row: (N,) numbers."""

    values: object


@dataclass(frozen=True, slots=True)
class EqualScores:
    """Scores that are all 1."""


def check_settings(
    n_samples: NumberLike,
    method: Method,
    *,
    min_distance: NumberLike | None,
    normalize: Normalize | Whitening,
    seed: SupportsIndex,
    certify: SupportsIndex,
) -> SelectionSettings:
    """Check the settings of a selection.

    Raises:
        InvalidInputError: one is impossible, or does not go with the method.
    """
    distance = require_distance(min_distance)
    settings = SelectionSettings(
        n_samples=require_size(n_samples),
        method=method,
        min_distance=distance,
        normalize=require_normalize("whiten" if isinstance(normalize, Whitening) else normalize, distance),
        seed=require_integer(seed, "seed"),
        certify=require_integer(certify, "certify"),
    )
    if settings.certify < 1:
        raise InvalidInputError(f"certify must be 1 or more, got {settings.certify}")
    if settings.min_distance > 0 and not picks_farthest(settings.method):
        raise InvalidInputError(
            f"min_distance={settings.min_distance:g} is of distances, method {settings.method} does not pick by them: "
            "leave it out, or use coreset or coral"
        )
    if settings.method in ("coverage", "cluster") and settings.normalize is False:
        return replace(settings, normalize=True)  # they look at directions
    return settings


def require_sigma(value: Any, method: Method) -> float | None:
    """The width of coverage's kernel, None for "auto".

    Raises:
        InvalidInputError: it is no number above 0, or the method has none.
    """
    if isinstance(value, str) and value == "auto":
        return None
    if method != "coverage":
        raise InvalidInputError(f"sigma={value!r} is of coverage, method {method} has none")
    width = float(value) if is_number(value) else 0.0
    if not 0 < width < math.inf:
        raise InvalidInputError(f"sigma must be 'auto' or a number above 0, got {value!r}")
    return width


def pose_problem(
    settings: SelectionSettings,
    source: Source,
    ids: Ids,
    *,
    query: IdsLike | None = None,
    preselected: IdsLike | None = None,
    scores: NamedScores | RowScores | EqualScores | str | None = None,
) -> Problem:
    """Find the rows that a selection is about.

    Args:
        settings: checked settings.
        source: where scores that are a column are read.
        ids: of the N samples.
        query: ids that may be selected, None for all.
        preselected: ids that are selected already, None for none.
        scores: by row, by id, or the name of a column of the data.

    Raises:
        InvalidInputError: an id is unknown or comes twice, scores are no numbers, or there are fewer samples than asked
            for.
    """
    selected = np.zeros(0, dtype=np.int64) if preselected is None else ids.rows_of(preselected, "preselected")
    query_rows = np.arange(len(ids)) if query is None else np.sort(ids.rows_of(query, "query"))
    free = np.ones(len(ids), dtype=np.bool_)
    free[selected] = False
    candidates = query_rows[free[query_rows]] if len(selected) else query_rows
    if not takes_scores(settings.method) and scores is not None:
        raise InvalidInputError(f"method {settings.method} uses no scores: leave them out, or use coral or coverage")
    scored = needs_scores(settings.method) or scores is not None
    numbers = _scores(scores, ids, source, settings.method)[candidates] if scored else None
    available = len(candidates) + len(selected)
    size = resolve_size(settings.n_samples, available)
    require_possible(size, available, len(selected))
    return Problem(
        settings=settings,
        source=source,
        ids=ids,
        candidates=candidates,
        preselected=selected,
        centers=selected,
        scores=numbers,
        picks=size - len(selected),
    )


def unscored(problem: Problem) -> dict[int, str]:
    """The candidates without a score: row -> that it has none."""
    if problem.scores is None:
        return {}
    return dict.fromkeys(problem.candidates[np.isnan(problem.scores)].tolist(), "it has no score")


def require_scores(problem: Problem) -> None:
    """Refuse candidates without a finite score of 0 or more; others need none, as nobody predicts them again."""
    if problem.scores is None:
        return
    bad = np.flatnonzero(~(np.isfinite(problem.scores) & (problem.scores >= 0)))
    if len(bad):
        first, value = int(problem.candidates[bad[0]]), problem.scores[bad[0]]
        hint = "; products of powers need smaller exponents" if np.isposinf(value) else ""
        raise InvalidInputError(
            f"{len(bad)} of {len(problem.candidates)} samples that may be selected have no finite score of 0 or more, "
            f"first: {problem.ids.name(first)} with {'none or NaN' if np.isnan(value) else format(value, 'g')}"
            f'{hint}; on_missing="skip" leaves out those without any'
        )


def without_rows(problem: Problem, reasons: Mapping[int, str]) -> Problem:
    """The problem without some candidates.

    Args:
        problem: as it was posed.
        reasons: row of a candidate -> why it is left out.

    Raises:
        InvalidInputError: fewer samples are left than asked for.
    """
    kept = ~np.isin(problem.candidates, np.fromiter(reasons, np.int64, len(reasons)))
    return replace(with_candidates(problem, kept), skipped={**problem.skipped, **reasons})


def with_candidates(problem: Problem, kept: NDArray[np.bool_]) -> Problem:
    """The problem with some of its candidates, and the size that it then stands for.

    Args:
        problem: as it was posed.
        kept: (n,) whether a candidate stays.

    Raises:
        InvalidInputError: fewer samples are left than asked for.
    """
    candidates = problem.candidates[kept]
    available = len(candidates) + len(problem.preselected)
    size = resolve_size(problem.settings.n_samples, available)
    require_possible(size, available, len(problem.preselected), left_out=len(kept) - len(candidates))
    return replace(
        problem,
        candidates=candidates,
        scores=None if problem.scores is None else problem.scores[kept],
        picks=size - len(problem.preselected),
    )


def require_distance(value: object) -> float:
    """A smallest distance as a number, 0 for none.

    Raises:
        InvalidInputError: it is no number.
    """
    if value is None:
        return 0.0
    if not is_number(value) or not math.isfinite(value):
        raise InvalidInputError(f"min_distance must be a number or None, got {value!r}")
    return max(0.0, float(value))


def _scores(
    scores: NamedScores | RowScores | EqualScores | str | None, ids: Ids, source: Source, method: str
) -> NDArray[np.float64]:
    """(N,) scores, NaN where none is given."""
    if scores is None:
        raise InvalidInputError(f"method {method} needs scores")
    if isinstance(scores, EqualScores):
        return np.ones(len(ids))
    if isinstance(scores, str):
        numbers = as_numbers(source.column(scores), f"the column {scores!r}")
    elif isinstance(scores, NamedScores):
        numbers = np.full(len(ids), np.nan)
        numbers[ids.rows_of(scores.ids, scores.what)] = as_numbers(scores.values, scores.what)
    else:
        numbers = as_numbers(scores.values, "scores")
    if numbers.shape != (len(ids),):
        raise InvalidInputError(
            f"scores must be one number for each of {len(ids)} samples, got the shape {numbers.shape}"
        )
    return numbers


def as_numbers(values: object, what: str) -> NDArray[np.float64]:
    """Numbers in any container; null, None and NA become NaN.

    Raises:
        InvalidInputError: they are something else, such as text; the message calls them ``what``.
    """
    try:
        column = values if isinstance(values, pa.Array | pa.ChunkedArray) else None
        if column is None:
            numbers = np.asarray(values)
            if numbers.dtype != object or numbers.ndim != 1:
                return _floats(numbers, what)
            column = pa.array(numbers, from_pandas=True)
        if not _is_number(column.type):
            raise InvalidInputError(f"{what} must be numbers, got {column.type}")
        return np.asarray(column.cast(pa.float64()))
    except (ValueError, pa.ArrowException) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise InvalidInputError(f"{what} must be numbers: {error}") from error


def _floats(numbers: NDArray[Any], what: str) -> NDArray[np.float64]:
    if numbers.dtype.kind not in "fiu" and numbers.size:
        raise InvalidInputError(f"{what} must be numbers, got {numbers.dtype}")
    return numbers.astype(np.float64)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind))

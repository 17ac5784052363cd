"""Distances and the picture of a report, in two passes over the embedding's file.

Of a large pool a random sample is asked how near the selection is. What is looked at is bounded by `_PAIRS` distances
and `_DRAWN` samples in random draws, so a report takes seconds, of a million samples too; memory stays flat.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightly_ray.errors import NotFoundError
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services import projected, vector_file
from lightly_ray.platform.services.columns.positions import rows_of
from lightly_ray.platform.services.reports.question import Question
from lightly_ray.platform.storage.store import embeddings
from lightly_ray.platform.storage.store.records import Embedding
from lightly_ray.report.cover import Nearest, cover, near_duplicates, unit
from lightly_ray.report.picture import picture, principal
from lightly_ray.report.spread import Json

_POINTS = (300, 2_000)  # samples of the pool that distances are asked of, at least and at most
_PAIRS = 3e8  # distances between these and what is selected or drawn
_DRAWS = (5, 20)  # random draws, at least and at most
_DRAWN = 40_000  # samples in all of them together, as long as there are more than the least number of draws
_SHOWN = 1_000  # samples selected before, and new ones, in the picture; new ones that near duplicates are looked for of
_OF_A_DRAW = 200  # the same of each random draw
_METHODS = {"UMAP": "UMAP", "TSNE": "t-SNE", "PCA": "principal components"}
_SEED = 0

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Sampled:
    """What is looked at, by row, each ascending.

    Attributes:
        points: of the query set, that distances are asked of.
        new, before: shown ones.
        draws: random draws of as many samples as are new.
        of_draws: of each draw, those that near duplicates are looked for of.
    """

    points: Rows
    new: Rows
    before: Rows
    draws: list[Rows]
    of_draws: list[Rows]


@dataclass(frozen=True, slots=True)
class Looked:
    """Parts of a report, as `lightly_ray.report` makes them; how many samples of the pool distances are asked of."""

    cover: Json
    duplicates: Json
    picture: Json
    points: int


def look(platform: Platform, embedding: Embedding, question: Question) -> Looked | None:
    """Distances, near duplicates and the picture; None where a new sample has no vector.

    Raises:
        NotFoundError: the file is gone.
    """
    lines = rows_of(platform, embedding)
    there = np.zeros(question.total, dtype=bool)
    there[lines[lines >= 0]] = True
    if not there[question.new].all() or not there[question.pool].all():
        return None
    sampled = _sample(question, there)
    shown = np.unique(np.concatenate([sampled.points, sampled.new, sampled.before, *sampled.of_draws]))
    vectors = _gather(platform, embedding, lines, shown)

    def _at(rows: Rows) -> NDArray[np.float32]:
        return vectors[np.searchsorted(shown, rows)]

    before, new = (_set(question.total, rows) for rows in (question.before, question.new))
    draws = [_set(question.total, rows) for rows in sampled.draws]
    pool = Nearest(_at(sampled.points), sampled.points, [before, new, *draws])
    twins = [
        Nearest(_at(rows), rows, [before | members], skip_self=True)
        for rows, members in zip((sampled.new, *sampled.of_draws), (new, *draws), strict=True)
    ]
    _measure(platform, embedding, lines, [pool, *twins])
    to_before, others = pool.distances[0], pool.distances[1:]
    after = np.minimum(others, to_before)
    return Looked(
        cover(to_before if len(question.before) else None, after[0], after[1:]),
        near_duplicates(twins[0].distances[0], [one.distances[0] for one in twins[1:]], len(question.new)),
        _picture(platform, embedding, sampled, _at),
        len(sampled.points),
    )


def _sample(question: Question, there: NDArray[np.bool_]) -> _Sampled:
    generator, added = np.random.default_rng(_SEED), len(question.new)
    count = int(np.clip(_DRAWN // added, *_DRAWS))
    members = len(question.before) + added * (1 + count)
    points = int(np.clip(_PAIRS // members, *_POINTS))
    # Where there is no choice, there is no other draw.
    draws = [_some(generator, question.pool, added) for _ in range(count if added < len(question.pool) else 0)]
    with_vector = there & _set(question.total, question.before)
    return _Sampled(
        _some(generator, question.query[there[question.query]], points),
        _some(generator, question.new, _SHOWN),
        _some(generator, np.flatnonzero(with_vector), _SHOWN),
        draws,
        [_some(generator, one, _OF_A_DRAW) for one in draws],
    )


def _some(generator: np.random.Generator, rows: Rows, count: int) -> Rows:
    return rows if len(rows) <= count else np.sort(generator.choice(rows, count, replace=False))


def _set(total: int, rows: Rows) -> NDArray[np.bool_]:
    members = np.zeros(total, dtype=bool)
    members[rows] = True
    return members


def _gather(platform: Platform, embedding: Embedding, lines: Rows, wanted: Rows) -> NDArray[np.float32]:
    """Vectors of length 1 of some rows, which ascend."""
    found: NDArray[np.float32] = np.zeros((len(wanted), embedding.dimension or 0), dtype=np.float32)
    for rows, vectors in _batches(platform, embedding, lines):
        here = np.isin(rows, wanted, assume_unique=True)
        found[np.searchsorted(wanted, rows[here])] = unit(vectors[here])
    return found


def _measure(platform: Platform, embedding: Embedding, lines: Rows, several: list[Nearest]) -> None:
    anywhere = np.logical_or.reduce([members for one in several for members in one.sets])
    for rows, vectors in _batches(platform, embedding, lines):
        here = anywhere[rows]
        units = unit(vectors[here])
        for one in several:
            one.add(rows[here], units)


def _batches(platform: Platform, embedding: Embedding, lines: Rows) -> Any:
    """Rows and vectors, some thousand at a time, of samples that have a row."""
    for start, vectors in vector_file.batches(platform.blobs, embeddings.require_file(embedding)):
        rows = lines[start : start + len(vectors)]
        yield rows[rows >= 0], vectors[rows >= 0]


def _picture(platform: Platform, embedding: Embedding, sampled: _Sampled, at: Any) -> Json:
    pool = np.setdiff1d(sampled.points, np.concatenate([sampled.before, sampled.new]))
    rows = np.concatenate([pool, sampled.before, sampled.new])
    kinds = np.repeat([0, 1, 2], [len(pool), len(sampled.before), len(sampled.new)])
    for method, name in _METHODS.items():
        try:
            _, by_row = projected.points(platform, embedding, method)
        except NotFoundError:
            continue
        known = np.isfinite(by_row[rows]).all(axis=1)
        return picture(by_row[rows[known]], kinds[known], f"{name} of {embedding.name}")
    return picture(principal(at(rows)), kinds, f"principal components of {len(rows):,} samples of {embedding.name}")

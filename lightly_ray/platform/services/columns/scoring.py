"""Scores as columns: a file holds one number per sample of a tag, in the order of its rows; other rows have none."""

import json
from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lightly_ray.platform.context import Platform
from lightly_ray.platform.services import scoring
from lightly_ray.platform.services.columns.summary import Summary, Title, number_summary
from lightly_ray.platform.services.kept import kept
from lightly_ray.platform.storage.store import rows, scores, tags
from lightly_ray.platform.storage.store.records import Score, Tag


def list_columns(platform: Platform, dataset_id: str) -> list[Summary]:
    """The scores of all tags, those of the initial tag first.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
    """
    listed = []
    for title, score, total in titles(platform, dataset_id):
        # Without its names: the tag may have another one later.
        key = f"datasets/{dataset_id}/columns/scores/{title.version}.json"
        made = kept(platform.blobs, key, partial(_summary, platform, dataset_id, score, total))
        facts: Summary | None = json.loads(made)
        if facts is not None:
            facts["key"], facts["title"], facts["version"] = title.key, title.title, title.version
            listed.append(facts)
    return listed


def read_values(platform: Platform, dataset_id: str, key: str) -> tuple[str, NDArray[np.float32]] | None:
    """The version of a score and its (total,) numbers; None where there is none of that key.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
    """
    for title, score, total in titles(platform, dataset_id):
        if title.key == key:
            values = spread(platform, dataset_id, score, total)
            return None if values is None else (title.version, values)
    return None


def titles(platform: Platform, dataset_id: str) -> Iterator[tuple[Title, Score, int]]:
    """What every score is called, its record, and how many rows the dataset has."""
    with platform.database.read() as db:
        total, listed = rows.total(db, dataset_id), scores.of_dataset(db, dataset_id)
    for score, tag in listed:
        name = score.score_type if tag.is_initial else f"{score.score_type} ({tag.name})"
        version = f"{score.id}-{score.version}-{tag.last_modified_at}-{total}"
        yield Title(f"score:{score.tag_id}:{score.score_type}", name, "score", version), score, total


def spread(platform: Platform, dataset_id: str, score: Score, total: int) -> NDArray[np.float32] | None:
    """The numbers of a score by row, (total,) float32, NaN outside its tag; None where it `is_current` no more."""
    with platform.database.read() as db:
        tag = tags.read(db, dataset_id, score.tag_id)
    if not is_current(score, tag):
        return None
    values = np.full(total, np.nan, dtype=np.float32)
    numbers = scoring.read(platform, tag, score)
    with np.errstate(over="ignore"):
        values[tag.mask.to_rows()[: score.count]] = numbers
    values[np.isinf(values)] = np.nan
    return values


def is_current(score: Score, tag: Tag) -> bool:
    """Whether it is known whose the numbers are, although its tag may have grown since.

    The initial tag grows at its end, so older scores cover its first samples; the samples that cannot be labelled
    grow anywhere.
    """
    return score.count == tag.mask.count or (score.count < tag.mask.count and tag.prev_tag_id is None)


def _summary(platform: Platform, dataset_id: str, score: Score, total: int) -> bytes:
    values = spread(platform, dataset_id, score, total)
    title = Title("", "", "score", "")
    return json.dumps(None if values is None else number_summary(title, values)).encode()

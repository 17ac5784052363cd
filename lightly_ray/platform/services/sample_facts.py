"""All that is known of one sample: its description, its tags, its scores and labels."""

from dataclasses import dataclass

import numpy as np

from lightly_ray.platform.context import Platform
from lightly_ray.platform.services import scoring as values
from lightly_ray.platform.services.columns import catalog, labels, scoring
from lightly_ray.platform.services.columns.summary import MISSING
from lightly_ray.platform.services.labels import SampleSaid, of_sample
from lightly_ray.platform.services.predicted import Predicted, predicted_of
from lightly_ray.platform.storage.store import rows, tags
from lightly_ray.platform.storage.store.records import Sample, Score


@dataclass(frozen=True, slots=True)
class Named:
    """A value of a sample in one column."""

    key: str
    title: str
    value: float | str


@dataclass(frozen=True, slots=True)
class Facts:
    """A sample, and what refers to it.

    Attributes:
        sample: as stored.
        tags: ids of those it is in, the oldest first.
        scores, labels: that it has, as columns have them.
        annotations: what each source of labels says of it.
        predicted: by the predictions that were stored last; None where nothing is.
    """

    sample: Sample
    tags: list[str]
    scores: list[Named]
    labels: list[Named]
    annotations: list[SampleSaid]
    predicted: Predicted | None


def facts(platform: Platform, dataset_id: str, row: int) -> Facts:
    """All that is known of the sample at a row.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN), or row (SAMPLE_UNKNOWN).
    """
    with platform.database.read() as db:
        sample = rows.at(db, dataset_id, row)
        tag_ids = tags.holding(db, dataset_id, row)
    scores, named = _scores(platform, sample, row, set(tag_ids)), _labels(platform, dataset_id, row)
    predicted = predicted_of(platform, dataset_id, sample.file_name)
    return Facts(sample, tag_ids, scores, named, of_sample(platform, dataset_id, row), predicted)


def _scores(platform: Platform, sample: Sample, row: int, tag_ids: set[str]) -> list[Named]:
    named = []
    for title, score, _ in scoring.titles(platform, sample.dataset_id):
        if score.tag_id in tag_ids:
            value = _score(platform, sample.dataset_id, score, row)
            if value is not None:
                named.append(Named(title.key, title.title, value))
    return named


def _score(platform: Platform, dataset_id: str, score: Score, row: int) -> float | None:
    """One number of a file of many: only that is read, once they are all computed."""
    with platform.database.read() as db:
        tag = tags.read(db, dataset_id, score.tag_id)
    place = (tag.mask.value & ((1 << row) - 1)).bit_count()
    if not scoring.is_current(score, tag) or place >= score.count:
        return None
    if score.predictions is not None and not platform.blobs.has(score.file_key):
        values.read(platform, tag, score)
    with platform.blobs.open(score.file_key) as file:
        np.lib.format.read_magic(file)
        _, _, dtype = np.lib.format.read_array_header_1_0(file)
        file.seek(place * dtype.itemsize, 1)
        value = float(np.frombuffer(file.read(dtype.itemsize), dtype)[0])
    return None if np.isnan(value) else value  # stored predictions need not know every sample


def _labels(platform: Platform, dataset_id: str, row: int) -> list[Named]:
    named = []
    for column in labels.list_columns(platform, dataset_id):
        code = int(catalog.values_of(platform, dataset_id, column)[row])
        if code != MISSING:
            named.append(Named(column["key"], column["title"], column["values"][code][0]))
    return named

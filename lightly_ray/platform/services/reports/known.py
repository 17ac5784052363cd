"""What is known of the samples of a dataset, by row: their classes, true and predicted, and the score that was used."""

import gzip
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lightly_ray.bitmask import BitMask
from lightly_ray.data.string_lookup import positions_in
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services.columns import labels
from lightly_ray.platform.services.columns.summary import MISSING
from lightly_ray.platform.services.predictions import load_predictions
from lightly_ray.platform.services.reports.question import Question
from lightly_ray.platform.services.scoring import load_scores
from lightly_ray.platform.storage.store import samples
from lightly_ray.platform.storage.store.records import Json
from lightly_ray.report.classes import UNKNOWN


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """A class per sample.

    Attributes:
        codes: (total,) by row, `UNKNOWN` where it is not known.
        names: of the classes.
        source: where they are from, in words.
    """

    codes: NDArray[np.int64]
    names: list[str]
    source: str

    def name_of(self, row: int) -> str | None:
        """The class of one sample, None where it is not known."""
        code = int(self.codes[row])
        return None if code == UNKNOWN else self.names[code]


def predicted(platform: Platform, question: Question) -> Classes | None:
    """The likeliest class of each sample by the predictions that the selection was given; None where there are none."""
    pinned: Json | None = question.provenance.get("predictions")
    if pinned is None:
        return None
    table = load_predictions(platform.blobs, pinned["file_key"])
    table = table.filter(pc.is_valid(table.column("probabilities"))).combine_chunks()
    column = table.column("probabilities").combine_chunks()
    likeliest = np.asarray(column.flatten()).reshape(len(table), -1)
    with platform.database.read() as db:
        names = samples.mappings(db, question.tag.dataset_id)
    rows = positions_in(
        table.column("filename").cast(pa.large_string()).combine_chunks(), pa.array(names, pa.large_string())
    )
    codes = np.full(question.total, UNKNOWN, dtype=np.int64)
    codes[rows[rows >= 0]] = likeliest.argmax(axis=1)[rows >= 0]
    classes = [f"class {number}" for number in range(likeliest.shape[1])]
    return Classes(codes, classes, "the predictions that the selection was given")


def true(platform: Platform, question: Question) -> Classes | None:
    """The true class of each sample, as far as it is known: of the labels that came with an embedding."""
    dataset_id = question.tag.dataset_id
    for listed in labels.list_columns(platform, dataset_id):
        column = labels.read_column(platform, dataset_id, listed["key"])
        if column is not None:
            summary, content = column
            codes = np.frombuffer(gzip.decompress(content), "<u2").astype(np.int64)
            codes[codes == MISSING] = UNKNOWN
            return Classes(codes, [text for text, _ in summary["values"]], "the labels that came with an embedding")
    return None


def score(platform: Platform, question: Question) -> tuple[str, NDArray[np.float64]] | None:
    """The score that the selection has used, and its values by row, NaN outside its query set; None without one."""
    pinned: Json | None = question.provenance.get("score")
    if pinned is None:
        return None
    values = np.full(question.total, np.nan)
    values[BitMask.from_hex(question.provenance["query_tag"]["mask"]).to_rows()] = load_scores(
        platform.blobs, pinned["file_key"]
    )
    return pinned["score_type"], values

"""What is known of the samples of a dataset, by row: their classes, true and predicted, and the score that was used."""

import gzip
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lightly_ray.bitmask import BitMask
from lightly_ray.data.string_lookup import positions_in
from lightly_ray.errors import InvalidInputError, NotFoundError
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services import stored_predictions
from lightly_ray.platform.services.columns import labels as columns
from lightly_ray.platform.services.columns.summary import MISSING
from lightly_ray.platform.services.labels import said_now
from lightly_ray.platform.services.mappings import in_order, names_of
from lightly_ray.platform.services.predictions import load_predictions
from lightly_ray.platform.services.reports.question import Question
from lightly_ray.platform.services.scoring import load_scores
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
    """The likeliest class of each sample by the predictions that the selection has looked at; None without any.

    Those are predictions beside labels, or stored ones of which its score was computed.
    """
    pinned: Json | None = question.provenance.get("predictions")
    stored: Json | None = (question.provenance.get("score") or {}).get("predictions")
    if pinned is not None:
        table = load_predictions(platform.blobs, pinned["file_key"])
        classes, source = None, "the predictions that the selection was given"
    elif stored is not None and stored["task"] == "classification":
        of = stored_predictions.load(platform.blobs, stored["file_key"])
        table, classes, source = of.table, list(of.classes), f"the predictions {stored['name']}"
    else:
        return None
    table = table.filter(pc.is_valid(table.column("probabilities"))).combine_chunks()
    likeliest = np.asarray(table.column("probabilities").combine_chunks().flatten()).reshape(len(table), -1)
    names = in_order(platform, question.tag.dataset_id)
    rows = positions_in(table.column("filename").cast(pa.large_string()).combine_chunks(), names)
    codes = np.full(question.total, UNKNOWN, dtype=np.int64)
    codes[rows[rows >= 0]] = likeliest.argmax(axis=1)[rows >= 0]
    return Classes(codes, classes or [f"class {number}" for number in range(likeliest.shape[1])], source)


def true(platform: Platform, question: Question) -> Classes | None:
    """The true class of each sample, as far as it is known: imported labels, else those that came with an embedding.

    Only of classifications with one class a sample: of boxes there may be none or many.
    """
    dataset_id = question.tag.dataset_id
    try:
        said = said_now(platform, dataset_id)
    except NotFoundError:
        return _with_embedding(platform, dataset_id)
    except InvalidInputError:  # labels of several tasks: there is no one class of a sample
        return None
    annotations = said.labels.table.column("annotations").combine_chunks()
    if said.labels.task != "classification" or (pc.max(pc.list_value_length(annotations)).as_py() or 0) > 1:
        return None
    labelled = np.flatnonzero(np.asarray(pc.equal(pc.list_value_length(annotations), 1)))
    names = pc.struct_field(pc.list_flatten(annotations), "class")
    codes = np.full(question.total, UNKNOWN, dtype=np.int64)
    codes[said.rows[labelled]] = pc.index_in(names, pa.array(said.labels.classes)).to_numpy(zero_copy_only=False)
    return Classes(codes, list(said.labels.classes), "the labels that were imported")


def _with_embedding(platform: Platform, dataset_id: str) -> Classes | None:
    for listed in columns.list_columns(platform, dataset_id):
        column = columns.read_column(platform, dataset_id, listed["key"])
        if column is not None:
            summary, content = column
            codes = np.frombuffer(gzip.decompress(content), "<u2").astype(np.int64)
            codes[codes == MISSING] = UNKNOWN
            return Classes(codes, [text for text, _ in summary["values"]], "the labels that came with an embedding")
    return None


def score(platform: Platform, question: Question) -> tuple[str, NDArray[np.float64]] | None:
    """The score that the selection has used, and its values by row, NaN where there is none; None without a score."""
    pinned: Json | None = question.provenance.get("score")
    if pinned is None:
        return None
    query = BitMask.from_hex(question.provenance["query_tag"]["mask"])
    stored: Json | None = pinned.get("predictions")
    values = np.full(question.total, np.nan)
    if stored is None:
        values[query.to_rows()] = load_scores(platform.blobs, pinned["file_key"])
    else:
        names = names_of(platform, question.tag.dataset_id, query)
        computed = stored_predictions.scores_of(platform.blobs, stored["file_key"], pinned["score_type"], names)
        values[query.to_rows()] = computed
    return pinned["score_type"], values

"""Run a pinned selection: embedding and scores from the storage, rows in mappings order, `lightly_ray.select`.

An embedding of moderate size is read here, and only the rows that count are kept. A large one is left to
`select`, whose shards read their own parts of the file.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from platform import python_version
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from lightly_ray import __version__
from lightly_ray.bitmask import BitMask
from lightly_ray.data.location import Location
from lightly_ray.data.string_lookup import positions_in
from lightly_ray.data.vectors import matrix
from lightly_ray.errors import InvalidInputError
from lightly_ray.methods import needs_embeddings
from lightly_ray.parallel.selection.select import Selection, select
from lightly_ray.platform.jobs.pinned import JsonModel, PinnedPredictions, PinnedSelection
from lightly_ray.platform.services.orders import Order
from lightly_ray.platform.services.predictions import load_predictions
from lightly_ray.platform.services.scoring import load_scores
from lightly_ray.platform.services.stored_predictions import require_scores, scores_of
from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.store.records import Json

_PARAMETERS = ("n_samples", "min_distance", "seed", "normalize", "random_share")
LARGE = 2**28  # bytes of embeddings from which on they are not read here


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What `select` is given, by row.

    Attributes:
        data: (n, D) embeddings, or the location of a file that has them.
        ids: n file names.
        places: (n,) int64 places of the rows in the mappings; those that count ascend, -1 for a row without one.
    """

    data: NDArray[np.floating] | Location
    ids: pa.Array
    places: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a selection came to.

    Attributes:
        mask: the selected samples, preselected included.
        order: the picks alone, in the order in which they were made.
        provenance: all that they depended on, and the certificate.
    """

    mask: BitMask
    order: Order
    provenance: Json


def run(blobs: Blobs, pinned: PinnedSelection, names: list[str], report: Callable[[int, int], None]) -> Chosen:
    """Select.

    Args:
        blobs: hold the embedding and the scores.
        pinned: as `enqueue` made it.
        names: file names in mappings order, at least those that the masks reach.
        report: called with how many samples are selected so far, and how many there will be.

    Raises:
        InvalidInputError: a sample has no embedding, or `select` refused.
    """
    before = BitMask() if pinned.preselected is None else pinned.preselected.mask
    never = pinned.never_offered
    query = pinned.query.mask - (never - before)
    silent, rows = never & before, (query | before).to_rows()
    looked_at = ~np.isin(rows, silent.to_rows())
    inputs = _inputs(blobs, pinned, rows, looked_at, pa.array(names, pa.large_string()))
    predictions, labels = _predictions(blobs, pinned.predictions, inputs.ids)
    selection = select(
        inputs.data,
        n_samples=pinned.n_samples,
        method=pinned.method,
        ids=None if isinstance(inputs.data, Location) else inputs.ids,
        preselected=before.select(names) or None,
        query=query.select(names),
        cannot_be_labelled=silent.select(names) or None,
        scores=_scores(blobs, pinned, inputs.places, names),
        predictions=predictions,
        labels=labels,
        min_distance=pinned.min_distance,
        normalize=pinned.normalize if needs_embeddings(pinned.method) else False,
        seed=pinned.seed,
        random_share=pinned.random_share,
        progress=False,
        on_progress=report,
    )
    mask = BitMask.from_rows(inputs.places[selection.rows])
    first = len(selection.ids) - len(selection.added_ids)
    picks = inputs.places[selection.rows[first:]]
    drawn = BitMask.from_rows(picks[: len(selection.random_ids)])
    provenance = _provenance(pinned, selection, before) | {"random_mask": drawn.to_hex()}
    return Chosen(mask, Order(picks, selection.gains), provenance)


def warm_up() -> None:
    """Let the engine load its compiled parts, a second or two, before the first selection is waited for."""
    select(np.eye(4, dtype=np.float32), 2, "coreset", progress=False)


def _inputs(
    blobs: Blobs, pinned: PinnedSelection, rows: NDArray[np.int64], looked_at: NDArray[np.bool_], names: pa.Array
) -> _Inputs:
    filenames = names.take(pa.array(rows))
    embedding = pinned.embedding
    if embedding is None or not needs_embeddings(pinned.method):
        # Names, or scores, are all that such a method looks at.
        return _Inputs(np.zeros((len(rows), 1), dtype=np.float32), filenames, rows)
    with blobs.open(embedding.file_key) as file:
        parquet = pq.ParquetFile(file)
        stored = parquet.read(columns=["filename"]).column("filename").cast(pa.large_string()).combine_chunks()
        where = _where(filenames, stored, looked_at, embedding.name)
        width = parquet.schema_arrow.field("embedding").type.value_type.bit_width // 8
        sorted_file = bool((where >= 0).all() and (np.diff(where) > 0).all())
        if len(rows) * embedding.dimension * width > LARGE and sorted_file:
            places = positions_in(stored, names)
            return _Inputs(blobs.location(embedding.file_key), stored, places)
        vectors = matrix(parquet.read(columns=["embedding"]).column("embedding").combine_chunks())
    whole = len(where) == len(vectors) and sorted_file
    return _Inputs(vectors if whole else vectors[where], filenames, rows)


def _where(filenames: pa.Array, stored: pa.Array, looked_at: NDArray[np.bool_], embedding: str) -> NDArray[np.int64]:
    """The rows of the file that hold these file names; -1, any row, for some of those that are not looked at."""
    rows = positions_in(filenames, stored)
    missing = np.flatnonzero((rows < 0) & looked_at)
    if len(missing):
        name = filenames[int(missing[0])].as_py()
        lacking = f"{len(missing)} of {len(filenames)} samples have no embedding"
        raise InvalidInputError(f"{lacking} in {embedding!r}, first: {name!r}")
    return rows


def _scores(
    blobs: Blobs, pinned: PinnedSelection, places: NDArray[np.int64], names: list[str]
) -> NDArray[np.float64] | None:
    """Scores by row of the inputs, (n,)."""
    score, query = pinned.score, pinned.query.mask
    if score is None:
        return None
    values = load_scores(blobs, score.file_key) if score.predictions is None else _computed(blobs, pinned, names)
    # Rows outside the query set are never picked: their score does not matter.
    aligned = np.zeros(len(places), dtype=np.float64)
    rows = query.to_rows()
    scored = np.isin(places, rows)
    aligned[scored] = values[np.searchsorted(rows, places[scored])]
    return aligned


def _computed(blobs: Blobs, pinned: PinnedSelection, names: list[str]) -> NDArray[np.float64]:
    """Scores of the query set, of stored predictions; 0 for samples that cannot be picked and have none.

    Raises:
        InvalidInputError: a sample that may be picked has no prediction; the first is named.
    """
    score, query = pinned.score, pinned.query.mask
    if score is None or score.predictions is None:
        raise TypeError("the scores of this selection are not computed of predictions")
    of_query = pa.array(query.select(names), pa.large_string())
    values = scores_of(blobs, score.predictions.file_key, score.score_type, of_query)
    before = BitMask() if pinned.preselected is None else pinned.preselected.mask
    settled = before | pinned.never_offered
    values[np.isnan(values) & np.isin(query.to_rows(), settled.to_rows())] = 0
    require_scores(values, of_query, score.predictions.name)
    return values


def _predictions(
    blobs: Blobs, predictions: PinnedPredictions | None, ids: pa.Array
) -> tuple[pa.Table | None, pa.Table | None]:
    """Predictions of what is looked at, and what is labelled of it; no labels at all are none."""
    if predictions is None:
        return None, None
    table = load_predictions(blobs, predictions.file_key)
    table = table.filter(pc.is_in(table.column("filename").cast(ids.type), value_set=ids))
    labels = table.filter(pc.is_valid(table.column("label"))).select(["filename", "label"])
    return table.select(["filename", "probabilities"]), labels if len(labels) else None


def _provenance(pinned: PinnedSelection, selection: Selection, before: BitMask) -> Json:
    certificate = {name: getattr(selection, name) for name in ("radius", "lower_bound", "factor")}
    return {
        "kind": "sampling",
        "method": selection.method.upper(),
        "asked_method": pinned.method,
        "why": selection.why,
        "parameters": {name: getattr(pinned, name) for name in _PARAMETERS},
        "query_tag": pinned.query.to_json(),
        "preselected_tag": _told(pinned.preselected),
        "cannot_be_labelled": _told(pinned.cannot_be_labelled),
        "held_out": [tag.to_json() for tag in pinned.held_out],
        "embedding": _told(pinned.embedding),
        "score": _told(pinned.score),
        "predictions": _told(pinned.predictions),
        "certificate": plain(certificate),
        "coverage": plain(selection.coverage),
        "whitening": None if selection.whitening is None else selection.whitening.digest,
        "stop_reason": selection.stop_reason,
        "selected": len(selection.ids),
        "preselected": before.count,
        "statistics": plain(selection.stats),
        "versions": {"lightly_ray": __version__, "numpy": np.__version__, "python": python_version()},
    }


def _told(pinned: JsonModel | None) -> Json | None:
    return None if pinned is None else pinned.to_json()


def plain(value: Any) -> Any:
    """A value as JSON knows it: dataclasses become objects, NumPy numbers plain ones, infinities None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    number = value.item() if isinstance(value, np.generic) else value
    if isinstance(number, float) and not np.isfinite(number):
        return None
    return number if number is None or isinstance(number, bool | int | float | str) else str(number)

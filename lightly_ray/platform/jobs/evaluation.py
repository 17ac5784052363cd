"""Run a pinned evaluation: stored predictions against the labels of some imports, on the samples of a tag."""

import io
import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray.data.labels.table import Labels
from lightly_ray.data.string_lookup import positions_in
from lightly_ray.errors import InvalidInputError
from lightly_ray.evaluation import Evaluation, evaluate
from lightly_ray.platform.context import Store
from lightly_ray.platform.jobs.messages import Evaluated, KeptScore
from lightly_ray.platform.jobs.pinned import PinnedEvaluation
from lightly_ray.platform.services import labels, scoring, stored_predictions
from lightly_ray.platform.storage.ids import new_id
from lightly_ray.platform.storage.store import label_imports, samples


def run(store: Store, dataset_id: str, pinned: PinnedEvaluation) -> Evaluated:
    """Evaluate, and keep the result and its scores as files.

    Samples of the tag that are not evaluated get the score 0: nothing is known to be wrong with them.

    Raises:
        InvalidInputError: the tag has no labels, or `evaluate` refused.
    """
    rows = pinned.tag.mask.to_rows()
    with store.database.read() as db:
        imports = [label_imports.read(db, dataset_id, one) for one in pinned.label_imports]
        names = pa.array(pinned.tag.mask.select(samples.mappings(db, dataset_id)), pa.large_string())
    said = labels.joined([labels.read_import(store.blobs, it) for it in imports])
    inside = np.flatnonzero(np.isin(said.rows, rows))
    if not len(inside):
        raise InvalidInputError(f"none of the {len(rows)} samples of tag {pinned.tag.name!r} is labelled")
    chosen: Labels = replace(said.labels, table=said.labels.table.take(pa.array(inside)))
    predictions = stored_predictions.load(store.blobs, pinned.predictions.file_key)
    of_tag = np.flatnonzero(positions_in(predictions.filenames, names) >= 0)
    result = evaluate(chosen, predictions.take(of_tag))
    key = f"datasets/{dataset_id}/evaluations/{new_id()}.json"
    shown = result.to_json()
    store.blobs.put(key, io.BytesIO(json.dumps(shown, allow_nan=False).encode()))
    kept = {}
    for name, values in _of_samples(result, names).items():
        stored = scoring.store(store.blobs, dataset_id, values)
        kept[name] = KeptScore(file_key=stored.file_key, sha256=stored.sha256, count=stored.count)
    return Evaluated(file_key=key, metrics=shown["metrics"], scores=kept, count=result.counts.evaluated)


def _of_samples(result: Evaluation, names: pa.LargeStringArray) -> dict[str, NDArray[np.float64]]:
    """The scores by sample of the tag."""
    places = positions_in(result.filenames, names)
    spread = {}
    for name, values in result.scores.items():
        spread[name] = np.zeros(len(names))
        spread[name][places] = values
    return spread

"""What was measured: evaluations with the predictions they are of, and whether they still say what is so."""

import json
from dataclasses import dataclass

from sqlalchemy import Connection

from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.store import datasets, evaluations, label_imports, predictions
from lightly_ray.platform.storage.store.records import Json, StoredEvaluation, StoredPredictions


@dataclass(frozen=True, slots=True)
class Evaluated:
    """An evaluation.

    Attributes:
        stored: as it was made.
        predictions: whose, as they are now; they may have had a later version since.
        stale: whether the labels of its source have changed since.
    """

    stored: StoredEvaluation
    predictions: StoredPredictions
    stale: bool


def listing(db: Connection, dataset_id: str) -> list[Evaluated]:
    """All evaluations of a dataset, in the order in which they were first made: round after round.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
    """
    datasets.read(db, dataset_id)
    return [_with(db, one) for one in evaluations.listing(db, dataset_id)]


def read(db: Connection, dataset_id: str, evaluation_id: str) -> Evaluated:
    """One evaluation.

    Raises:
        NotFoundError: the dataset has none of that id (EVALUATION_UNKNOWN).
    """
    return _with(db, evaluations.read(db, dataset_id, evaluation_id))


def result(blobs: Blobs, it: StoredEvaluation) -> Json:
    """All that an evaluation says, as `Evaluation.to_json`."""
    loaded: Json = json.loads(blobs.read(it.file_key))
    return loaded


def _with(db: Connection, it: StoredEvaluation) -> Evaluated:
    now = [one.id for one in label_imports.current(db, it.dataset_id, it.source)]
    return Evaluated(it, predictions.read(db, it.dataset_id, it.predictions_id), now != it.label_imports)

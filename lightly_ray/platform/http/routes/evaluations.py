"""Stored predictions measured against labels: asked for, listed, read."""

from fastapi import APIRouter

from lightly_ray.platform.http import views
from lightly_ray.platform.http.dependencies import Here
from lightly_ray.platform.http.schemas import EvaluationBody, EvaluationData, Queued
from lightly_ray.platform.jobs import enqueue
from lightly_ray.platform.services import evaluated

router = APIRouter(prefix="/v1/datasets/{dataset_id}/evaluations", tags=["evaluations"])


@router.post("", status_code=202)
def start_evaluation(dataset_id: str, body: EvaluationBody, platform: Here) -> Queued:
    """Queue an evaluation; while it waits or runs, the same job answers. Its scores become those of the tag."""
    with platform.database.write() as db:
        return {"jobId": enqueue.evaluation(db, dataset_id, body.predictions, body.source, body.tag_id)}


@router.get("")
def list_evaluations(dataset_id: str, platform: Here) -> list[EvaluationData]:
    """All evaluations, in the order in which they were first made; stale: the labels have changed since."""
    with platform.database.read() as db:
        return [views.evaluation(one) for one in evaluated.listing(db, dataset_id)]


@router.get("/{evaluation_id}")
def read_evaluation(dataset_id: str, evaluation_id: str, platform: Here) -> EvaluationData:
    """One evaluation, with its figures by class, the confusion of classes, calibration and the worst samples."""
    with platform.database.read() as db:
        one = evaluated.read(db, dataset_id, evaluation_id)
    return {**views.evaluation(one), "result": evaluated.result(platform.blobs, one.stored)}

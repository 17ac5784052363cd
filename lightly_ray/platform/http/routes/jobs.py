"""Selections are asked for, jobs are watched and cancelled."""

from typing import Annotated

from fastapi import APIRouter, Query

from lightly_ray.platform.http import views
from lightly_ray.platform.http.dependencies import Caller, Here
from lightly_ray.platform.http.schemas import JobData, Queued
from lightly_ray.platform.jobs import enqueue
from lightly_ray.platform.jobs.sampling_request import SamplingRequest
from lightly_ray.platform.services import access
from lightly_ray.platform.storage.store import jobs

router = APIRouter(prefix="/v1", tags=["jobs"])


@router.post("/datasets/{dataset_id}/embeddings/{embedding_id}/sampling", status_code=202)
def start_sampling(dataset_id: str, embedding_id: str, body: SamplingRequest, platform: Here) -> Queued:
    """Queue a selection, whose tag is named already; the same request again answers the same job."""
    with platform.database.write() as db:
        return {"jobId": enqueue.sampling(db, dataset_id, embedding_id, body)}


@router.post("/datasets/{dataset_id}/sampling", status_code=202)
def start_plain_sampling(dataset_id: str, body: SamplingRequest, platform: Here) -> Queued:
    """Queue a selection by a method that looks at no embedding, also where the dataset has none."""
    with platform.database.write() as db:
        return {"jobId": enqueue.sampling(db, dataset_id, None, body)}


@router.get("/jobs")
def list_jobs(
    platform: Here,
    caller: Caller,
    dataset_id: Annotated[str | None, Query(alias="datasetId")] = None,
    size: Annotated[int, Query(alias="pageSize", ge=1, le=10_000)] = 1000,
    offset: Annotated[int, Query(alias="pageOffset", ge=0)] = 0,
) -> list[JobData]:
    """Jobs, the newest first."""
    with platform.database.read() as db:
        return [
            views.job(one)
            for one in jobs.listing(db, access.open_to(caller.user), dataset_id, offset=offset, size=size)
        ]


@router.get("/jobs/{job_id}")
def read_job(job_id: str, platform: Here) -> JobData:
    """One job. When it says FINISHED, its tag can be read."""
    with platform.database.read() as db:
        return views.job(jobs.read_status(db, job_id))


@router.post("/jobs/{job_id}/cancel")
def cancel_job(job_id: str, platform: Here) -> JobData:
    """Cancel a job: it fails, its tag name is free again. One that has ended stays as it is."""
    with platform.database.write() as db:
        return views.job(jobs.cancel(db, job_id))

"""Jobs: watched and cancelled."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from typing_extensions import TypedDict

from lightly_ray.platform.http.dependencies import Here, Visitor
from lightly_ray.platform.http.routes.app import views
from lightly_ray.platform.services import access
from lightly_ray.platform.storage.store import jobs

router = APIRouter(prefix="/app/jobs")

_PAGE = 50


class JobPage(TypedDict):
    """A page of the list, and what to ask for the next one."""

    jobs: list[views.AppJob]
    next: str | None


@router.get("")
def list_jobs(
    platform: Here,
    visitor: Visitor,
    dataset: str | None = None,
    before: Annotated[str | None, Query(max_length=24)] = None,
) -> JobPage:
    """Jobs, the newest first, 50 at a time: those older than the one named by ``before``."""
    with platform.database.read() as db:
        page = jobs.page(db, access.open_to(visitor.user), dataset, before=before, size=_PAGE + 1)
    listed = [views.job(one) for one in page[:_PAGE]]
    return {"jobs": listed, "next": listed[-1]["id"] if len(page) > _PAGE else None}


@router.get("/{job_id}")
def read_job(job_id: str, platform: Here) -> views.AppJob:
    """One job. When it says FINISHED, its tag can be read."""
    with platform.database.read() as db:
        return views.job(jobs.read_listed(db, job_id))


@router.delete("/{job_id}", status_code=204)
def cancel_job(job_id: str, platform: Here) -> Response:
    """Cancel a job. One that has ended stays as it is."""
    with platform.database.write() as db:
        jobs.cancel(db, job_id)
    return Response(status_code=204)

"""Labels: a file as a labelling tool has written it is imported; sources are listed and withdrawn."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from lightly_ray.api.models import LabelReport
from lightly_ray.data.labels.table import Task
from lightly_ray.platform.http import views
from lightly_ray.platform.http.dependencies import Here, Visitor
from lightly_ray.platform.http.received import received
from lightly_ray.platform.http.schemas import LabelImportData
from lightly_ray.platform.services import label_imports
from lightly_ray.platform.storage.store import datasets
from lightly_ray.platform.storage.store import label_imports as imports

router = APIRouter(prefix="/app/datasets/{dataset_id}/labels", tags=["web app"])


@router.put("")
async def put_labels(
    request: Request,
    dataset_id: str,
    source: str,
    platform: Here,
    visitor: Visitor,
    *,
    task: Annotated[Task | None, Query()] = None,
) -> LabelReport:
    """Import a file of any format that is known, or a ZIP of a folder, into a source."""
    wanted = label_imports.Wanted(dataset_id, source, visitor.user.name)
    async with received(request) as path:
        return await run_in_threadpool(label_imports.take_file, platform, wanted, path, task)


@router.get("")
def list_sources(dataset_id: str, platform: Here) -> list[LabelImportData]:
    """The newest import of each source that is not withdrawn, the newest last."""
    with platform.database.read() as db:
        datasets.read(db, dataset_id)
        return [views.label_import(one) for one in imports.current(db, dataset_id)]


@router.delete("", status_code=204)
def withdraw_labels(dataset_id: str, source: str, platform: Here, visitor: Visitor) -> Response:
    """Withdraw the labels of a source."""
    with platform.database.write() as db:
        datasets.lock(db, dataset_id)
        imports.withdraw(db, dataset_id, source, visitor.user.name)
    return Response(status_code=204)

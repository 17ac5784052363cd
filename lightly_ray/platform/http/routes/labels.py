"""Labels: imported into sources, read, withdrawn; their history."""

import io
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from lightly_ray.api.models import LabelReport
from lightly_ray.data.labels.packed import write_packed
from lightly_ray.platform.http import views
from lightly_ray.platform.http.dependencies import Caller, Here
from lightly_ray.platform.http.received import received
from lightly_ray.platform.http.schemas import LabelImportData, Object
from lightly_ray.platform.services import label_imports, labels
from lightly_ray.platform.storage.store import datasets
from lightly_ray.platform.storage.store import label_imports as imports

router = APIRouter(prefix="/v1/datasets/{dataset_id}/labels", tags=["labels"])


@router.put("")
async def put_labels(request: Request, dataset_id: str, source: str, platform: Here, caller: Caller) -> LabelReport:
    """Import labels (a Parquet file) into a source: all that fit, or nothing; the same again changes nothing."""
    wanted = label_imports.Wanted(dataset_id, source, caller.user.name)
    async with received(request) as path:
        return await run_in_threadpool(label_imports.take_packed, platform, wanted, path)


@router.get("", response_class=Response)
def read_labels(
    dataset_id: str,
    platform: Here,
    source: str | None = None,
    import_id: Annotated[str | None, Query(alias="importId")] = None,
) -> Response:
    """The labels that count, of a source or of all, or as they were after one import: a Parquet file."""
    if import_id is None:
        found = labels.read_current(platform, dataset_id, source)
    else:
        with platform.database.read() as db:
            one = imports.read(db, dataset_id, import_id)
        found = labels.read_import(platform.blobs, one).labels
    out = io.BytesIO()
    write_packed(found, out)
    return Response(out.getvalue(), media_type="application/vnd.apache.parquet")


@router.delete("")
def withdraw_labels(dataset_id: str, source: str, platform: Here, caller: Caller) -> Object:
    """Withdraw the labels of a source; its imports can be read still."""
    with platform.database.write() as db:
        datasets.lock(db, dataset_id)
        imports.withdraw(db, dataset_id, source, caller.user.name)
    return {}


@router.get("/imports")
def list_imports(dataset_id: str, platform: Here) -> list[LabelImportData]:
    """All imports of labels, the oldest first, also withdrawn ones."""
    with platform.database.read() as db:
        datasets.read(db, dataset_id)
        return [views.label_import(one) for one in imports.listing(db, dataset_id)]

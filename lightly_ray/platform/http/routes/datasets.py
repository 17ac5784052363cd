"""Datasets."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends

from lightly_ray.platform import limits
from lightly_ray.platform.http import views
from lightly_ray.platform.http.dependencies import Caller, Flag, Here, PageOffset, PageSize, Which, require_owner
from lightly_ray.platform.http.schemas import Created, DatasetBody, DatasetData, Object
from lightly_ray.platform.storage import audit
from lightly_ray.platform.storage.store import datasets, deletions

router = APIRouter(prefix="/v1/datasets", tags=["datasets"])


@router.get("")
def list_datasets(platform: Here, which: Which, size: PageSize = None, offset: PageOffset = 0) -> list[DatasetData]:
    """One's own datasets, or those that others share with one, the oldest first."""
    with platform.database.read() as db:
        listed = datasets.listing(db, which, offset=offset, size=size)
    return [views.dataset(one) for one in listed]


# Clients up to 1.1.16 put a slash behind it.
@router.post("", status_code=201)
@router.post("/", status_code=201, include_in_schema=False)
def create_dataset(body: DatasetBody, platform: Here, caller: Caller) -> Created:
    """Make an empty dataset."""
    with platform.database.write() as db:
        dataset_id = datasets.create(db, caller.user.id, body.name, body.type)
        audit.about_dataset(dataset_id, body.name)
    return {"id": dataset_id}


@router.get("/query/name/{name}")
def find_datasets(
    name: str, platform: Here, which: Which, *, exact: Flag = True, size: PageSize = None, offset: PageOffset = 0
) -> list[DatasetData]:
    """One's own datasets, or those that others share with one, of that name, or whose names begin with it."""
    with platform.database.read() as db:
        listed = datasets.named(db, which, name, exact=exact)
    return [views.dataset(one) for one in listed[offset:][:size]]


@router.get("/{dataset_id}")
def read_dataset(dataset_id: str, platform: Here) -> DatasetData:
    """One dataset."""
    with platform.database.read() as db:
        return views.dataset(datasets.read(db, dataset_id))


@router.delete("/{dataset_id}", dependencies=[Depends(require_owner)])
def delete_dataset(dataset_id: str, platform: Here) -> Object:
    """Delete a dataset with all its samples, tags, embeddings, scores and jobs; its space is free a while later."""
    with platform.database.write() as db:
        deletions.begin(db, dataset_id)
    platform.deleted.set()
    return {}


@router.put("/{dataset_id}/registerDatasetUpload")
def register_upload(dataset_id: str, platform: Here, body: Annotated[Object, Body()]) -> Object:
    """Note what a client says about its upload."""
    limits.metadata(body, "the registration")
    with platform.database.write() as db:
        datasets.register_upload(db, dataset_id, body)
    return {}

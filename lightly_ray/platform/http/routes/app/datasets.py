"""Datasets: listed, made, read, deleted; and the state that a page asks for again and again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy import Connection
from typing_extensions import TypedDict

from lightly_ray.errors import NotFoundError
from lightly_ray.platform.http.dependencies import Entry, Here, Visitor, require_owner
from lightly_ray.platform.http.routes.app import views
from lightly_ray.platform.http.schemas import Body, Created
from lightly_ray.platform.services import access, users
from lightly_ray.platform.storage import audit
from lightly_ray.platform.storage.ids import now
from lightly_ray.platform.storage.store import datasets, deletions, embeddings, jobs, samples, tags
from lightly_ray.platform.storage.store.records import Dataset

router = APIRouter(prefix="/app")

_PAGE = 50
_STRIP, _LOOKED_AT = 8, 32  # pictures in a list, and rows that are looked at for them
_RECENT = 60_000  # milliseconds


class ListedDataset(TypedDict):
    """A dataset in the list."""

    id: str
    name: str
    samples: int
    tags: int
    changedAt: int
    createdAt: int
    strip: list[int]
    sharedBy: str | None
    owns: bool
    writes: bool


class DatasetPage(TypedDict):
    """A page of the list, and what to ask for the next one."""

    datasets: list[ListedDataset]
    next: str | None


class WholeDataset(TypedDict):
    """A dataset with its tags and embeddings."""

    id: str
    name: str
    total: int
    samples: int
    version: str
    owner: str
    owns: bool
    writes: bool
    tags: list[views.AppTag]
    embeddings: list[views.AppEmbedding]


class State(TypedDict):
    """What there is news of."""

    version: str | None
    jobs: list[views.AppJob]


class NewDataset(Body):
    """Make a dataset."""

    name: str


@router.get("/datasets")
def list_datasets(
    platform: Here, visitor: Visitor, after: Annotated[str | None, Query(max_length=24)] = None
) -> DatasetPage:
    """Datasets that the visitor may open, the newest first, 50 at a time: those behind the one named by ``after``."""
    with platform.database.read() as db:
        page = datasets.newest(db, access.open_to(visitor.user), before=after, size=_PAGE + 1)
        counts = tags.counts(db, [one.id for one in page])
        listed = [_listed(db, visitor.user, one, counts.get(one.id, 0)) for one in page[:_PAGE]]
    return {"datasets": listed, "next": listed[-1]["id"] if len(page) > _PAGE else None}


@router.post("/datasets")
def create_dataset(body: NewDataset, platform: Here, visitor: Visitor) -> Created:
    """Make an empty dataset."""
    with platform.database.write() as db:
        dataset_id = datasets.create(db, visitor.user.id, body.name)
        audit.about_dataset(dataset_id, body.name)
    return {"id": dataset_id}


@router.get("/datasets/{dataset_id}")
def read_dataset(dataset_id: str, platform: Here, entered: Entry) -> WholeDataset:
    """One dataset with its tags and embeddings, and what the visitor may do with it."""
    with platform.database.read() as db:
        dataset = datasets.read(db, dataset_id)
        return {
            "id": dataset.id,
            "name": dataset.name,
            "total": dataset.total,
            "samples": dataset.n_samples,
            "version": dataset.version,
            "owner": entered.owner,
            "owns": entered.owns,
            "writes": entered.writes,
            "tags": views.tags_of(tags.listing(db, dataset_id), tags.kinds(db, dataset_id)),
            "embeddings": [
                views.embedding(one, embeddings.list_projections(db, one.id))
                for one in embeddings.listing(db, dataset_id)
            ],
        }


@router.delete("/datasets/{dataset_id}", status_code=204, dependencies=[Depends(require_owner)])
def delete_dataset(dataset_id: str, platform: Here) -> Response:
    """Delete a dataset with all that belongs to it."""
    with platform.database.write() as db:
        deletions.begin(db, dataset_id)
    platform.deleted.set()
    return Response(status_code=204)


@router.get("/state")
def read_state(platform: Here, visitor: Visitor, dataset: str | None = None) -> State:
    """Whether a dataset has changed, and which jobs are going on or ended in the last minute, of all datasets."""
    of_mine = access.open_to(visitor.user)
    with platform.database.read() as db:
        going_on = [views.job(one) for one in jobs.going_on(db, of_mine, ended_since=now() - _RECENT)]
        return {"version": None if dataset is None else _version(db, visitor.user, dataset), "jobs": going_on}


def _listed(db: Connection, visitor: users.User, it: Dataset, n_tags: int) -> ListedDataset:
    entered = access.enter(db, visitor, it.id)
    return {
        "id": it.id,
        "name": it.name,
        "samples": it.n_samples,
        "tags": n_tags,
        "changedAt": it.last_modified_at,
        "createdAt": it.created_at,
        "strip": _strip(db, it),
        "sharedBy": None if it.owner_id == visitor.id else entered.owner,
        "owns": entered.owns,
        "writes": entered.writes,
    }


def _strip(db: Connection, it: Dataset) -> list[int]:
    """Rows with an image, from all over the dataset: neighbours by name often look alike."""
    looked_at = sorted({place * it.total // _LOOKED_AT for place in range(_LOOKED_AT)} if it.total else ())
    rows = samples.with_image(db, it.id, looked_at)
    return [rows[place * len(rows) // _STRIP] for place in range(_STRIP)] if len(rows) > _STRIP else rows


def _version(db: Connection, user: users.User, dataset_id: str) -> str | None:
    try:
        access.enter(db, user, dataset_id)
        return datasets.read(db, dataset_id).version
    except NotFoundError:  # deleted, or shared no longer, while its page is open: the page learns that by this
        return None

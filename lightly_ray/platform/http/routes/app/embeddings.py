"""Embeddings: points to draw, neighbours of a sample, groups of near duplicates."""

import dataclasses
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from typing_extensions import TypedDict

from lightly_ray.platform.http.dependencies import Here
from lightly_ray.platform.http.routes.app import answers
from lightly_ray.platform.http.routes.app.columns import Version
from lightly_ray.platform.jobs import enqueue
from lightly_ray.platform.services import groups, neighbours, projected
from lightly_ray.platform.storage.store import embeddings
from lightly_ray.platform.storage.store.records import Embedding

router = APIRouter(prefix="/app", tags=["web app"])

MOST_NEIGHBOURS = 200


class Queued(TypedDict):
    """The id of a job."""

    job: str


class Near(TypedDict):
    """A neighbour."""

    row: int
    distance: float


def _embedding(dataset_id: str, embedding_id: str, platform: Here) -> Embedding:
    with platform.database.read() as db:
        return embeddings.read(db, dataset_id, embedding_id)


Wanted = Annotated[Embedding, Depends(_embedding)]


@router.get("/datasets/{dataset_id}/embeddings/{embedding_id}/points", response_class=Response)
def read_points(wanted: Wanted, platform: Here, method: str = "PCA", version: Version = None) -> Response:
    """Two coordinates by row: float32 x, y, x, y, ...; NaN for a sample without a vector."""
    now, points = projected.points(platform, wanted, method.upper())
    return answers.numbers(points.astype("<f4").tobytes(), answers.caching(now, version))


@router.post("/datasets/{dataset_id}/embeddings/{embedding_id}/points", status_code=202)
def compute_points(wanted: Wanted, platform: Here, method: str = "PCA") -> Queued:
    """Queue a projection into two dimensions; while it waits or runs, the same job answers."""
    with platform.database.write() as db:
        return {"job": enqueue.projection(db, wanted.dataset_id, wanted.id, method.upper())}


@router.get("/datasets/{dataset_id}/embeddings/{embedding_id}/neighbours/{row}", response_model=list[Near])
def read_neighbours(
    wanted: Wanted,
    row: int,
    platform: Here,
    count: Annotated[int, Query(ge=1, le=MOST_NEIGHBOURS)] = 12,
) -> Response:
    """The samples most like this one, the nearest first."""
    nearest = neighbours.neighbours(platform, wanted, row, count)
    return answers.as_json([dataclasses.asdict(it) for it in nearest])


@router.get("/datasets/{dataset_id}/embeddings/{embedding_id}/groups", response_class=Response)
def read_groups(wanted: Wanted, platform: Here, within: float = 0.1) -> Response:
    """Groups of near duplicates: uint32 by row, the lowest row of its group; of many samples a job finds them first."""
    content = groups.groups(platform, wanted, within).astype("<u4").tobytes()
    return answers.binary(content, {"cache-control": "private, no-cache"})


@router.post("/datasets/{dataset_id}/embeddings/{embedding_id}/groups", status_code=202)
def compute_groups(wanted: Wanted, platform: Here, within: float = 0.1) -> Queued:
    """Queue the search for them; while it waits or runs, the same job answers."""
    with platform.database.write() as db:
        return {"job": enqueue.grouping(db, wanted.dataset_id, wanted.id, within)}

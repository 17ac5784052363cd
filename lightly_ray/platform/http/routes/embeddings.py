"""Embeddings: where to put and get their files, their descriptor, their 2-d projections."""

import hashlib
import io
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from typing_extensions import TypedDict

from lightly_ray.errors import NotFoundError
from lightly_ray.platform.context import Platform
from lightly_ray.platform.http import views
from lightly_ray.platform.http.dependencies import Here, embedding_path, signed_url
from lightly_ray.platform.http.schemas import Embedding2dData, EmbeddingData, Object, ProjectionBody, Queued
from lightly_ray.platform.jobs import enqueue
from lightly_ray.platform.storage.ids import new_id
from lightly_ray.platform.storage.store import datasets, embeddings

router = APIRouter(prefix="/v1/datasets/{dataset_id}/embeddings", tags=["embeddings"])


class WriteUrl(TypedDict):
    """Where the file of an embedding goes."""

    signedWriteUrl: str
    embeddingId: str


@router.get("")
def list_embeddings(request: Request, dataset_id: str, platform: Here) -> list[EmbeddingData]:
    """The embeddings that have been uploaded, the oldest first; clients use the last one.

    Published clients of 1.2.47 and later, which say so in their user agent, use the first one: they get the newest
    first.
    """
    with platform.database.read() as db:
        datasets.read(db, dataset_id)
        listed = [views.embedding(one) for one in embeddings.listing(db, dataset_id)]
    return listed[::-1] if request.headers.get("user-agent", "").startswith("Lightly/") else listed


@router.get("/writeCSVUrl")
def write_csv_url(request: Request, dataset_id: str, platform: Here, name: str = "default") -> WriteUrl:
    """Where to PUT the CSV of an embedding, which is made if there is none of that name."""
    return write_url(request, dataset_id, platform, name, "csv")


@router.get("/writeUrl")
def write_url(
    request: Request,
    dataset_id: str,
    platform: Here,
    name: str = "default",
    kind: Annotated[Literal["csv", "parquet"], Query(alias="format")] = "parquet",
) -> WriteUrl:
    """Where to PUT the file of an embedding, which is made if there is none of that name."""
    with platform.database.write() as db:
        datasets.lock(db, dataset_id)
        embedding = embeddings.get_or_create(db, dataset_id, name)
    url = signed_url(request, platform, "PUT", embedding_path(embedding.id, kind))
    return {"signedWriteUrl": url, "embeddingId": embedding.id}


@router.get("/{embedding_id}/readCSVUrl")
def read_csv_url(request: Request, dataset_id: str, embedding_id: str, platform: Here) -> str:
    """Where to GET an embedding as CSV."""
    with platform.database.read() as db:
        embeddings.require_file(embeddings.read(db, dataset_id, embedding_id))
    return signed_url(request, platform, "GET", embedding_path(embedding_id, "csv"))


@router.put("/{embedding_id}/descriptor")
async def put_descriptor(request: Request, dataset_id: str, embedding_id: str, platform: Here) -> Object:
    """Keep the fitted descriptor that made an embedding, so that images can be appended to it."""
    body = await request.body()
    await run_in_threadpool(_keep_descriptor, platform, dataset_id, embedding_id, body)
    return {}


@router.get("/{embedding_id}/descriptor", response_class=Response)
def get_descriptor(dataset_id: str, embedding_id: str, platform: Here) -> Response:
    """The fitted descriptor of an embedding, byte for byte."""
    with platform.database.read() as db:
        embedding = embeddings.read(db, dataset_id, embedding_id)
    if embedding.descriptor_key is None:
        raise NotFoundError(f"embedding {embedding.name!r} has no descriptor")
    return Response(platform.blobs.read(embedding.descriptor_key), media_type="application/octet-stream")


@router.post("/{embedding_id}/trigger2dEmbeddingsJob", status_code=202)
def start_projection(dataset_id: str, embedding_id: str, body: ProjectionBody, platform: Here) -> Queued:
    """Queue a projection into two dimensions."""
    with platform.database.write() as db:
        method = body.dimensionality_reduction_method.upper()
        return {"jobId": enqueue.projection(db, dataset_id, embedding_id, method)}


@router.get("/{embedding_id}/2d")
def list_projections(dataset_id: str, embedding_id: str, platform: Here) -> list[Embedding2dData]:
    """The projections of an embedding, without coordinates."""
    with platform.database.read() as db:
        embeddings.read(db, dataset_id, embedding_id)
        return [views.projection(one, dataset_id) for one in embeddings.list_projections(db, embedding_id)]


@router.get("/{embedding_id}/2d/{projection_id}", response_model=Embedding2dData)
def read_projection(dataset_id: str, embedding_id: str, projection_id: str, platform: Here) -> JSONResponse:
    """One projection with its coordinates, one pair per embedded sample, in mappings order."""
    with platform.database.read() as db:
        embeddings.read(db, dataset_id, embedding_id)
        stored = embeddings.read_projection(db, embedding_id, projection_id)
    points = platform.blobs.read_array(stored.file_key).astype(float)
    coordinates = {f"coordinatesDimension{axis + 1}": points[:, axis].tolist() for axis in range(2)}
    return JSONResponse({**views.projection(stored, dataset_id), **coordinates})


def _keep_descriptor(platform: Platform, dataset_id: str, embedding_id: str, body: bytes) -> None:
    with platform.database.read() as db:
        embeddings.read(db, dataset_id, embedding_id)
    key = f"datasets/{dataset_id}/descriptors/{new_id()}.npz"
    platform.blobs.put(key, io.BytesIO(body))
    with platform.database.write() as db:
        embeddings.set_descriptor(db, embedding_id, key, hashlib.sha256(body).hexdigest())

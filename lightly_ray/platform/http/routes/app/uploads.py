"""Uploads: images one at a time, the tag that stands for them, embedding files."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from typing_extensions import TypedDict

from lightly_ray.platform import limits
from lightly_ray.platform.context import Platform
from lightly_ray.platform.http.dependencies import Here
from lightly_ray.platform.http.received import received
from lightly_ray.platform.services import embedding_files, image_uploads
from lightly_ray.platform.services.embedding_files import Format
from lightly_ray.platform.services.mappings import in_order
from lightly_ray.platform.storage.store import datasets, embeddings

router = APIRouter(prefix="/app/datasets/{dataset_id}")


class Taken(TypedDict):
    """The name of a sample whose image has been stored."""

    name: str


class Finished(TypedDict):
    """How many samples an upload has added."""

    added: int


class UploadedEmbedding(TypedDict):
    """An embedding, as its newest version is."""

    id: str
    rows: int
    dimension: int


@router.post("/images")
async def put_image(request: Request, dataset_id: str, platform: Here, name: str) -> Taken:
    """Take an image; it is decoded and described here. The same one again changes nothing."""
    async with received(request) as path:
        await run_in_threadpool(image_uploads.take, platform, dataset_id, name, path)
    return {"name": name}


@router.post("/finish")
def finish_upload(dataset_id: str, platform: Here) -> Finished:
    """Let a tag stand for what was uploaded: the initial tag, or one of the samples that came after it."""
    with platform.database.write() as db:
        return {"added": image_uploads.finish(db, dataset_id)}


@router.put("/embeddings")
async def put_embedding(
    request: Request, dataset_id: str, platform: Here, name: str, kind: Annotated[Format, Query(alias="format")]
) -> UploadedEmbedding:
    """Take an embedding file, check it, and make it the newest version of the embedding of that name."""
    async with received(request) as path:
        return await run_in_threadpool(_keep, platform, dataset_id, name, (path, kind))


def _keep(platform: Platform, dataset_id: str, name: str, file: tuple[Path, Format]) -> UploadedEmbedding:
    limits.embedding_name(name)
    names = in_order(platform, dataset_id)
    upload = embedding_files.store(platform.blobs, dataset_id, *file, names)
    with platform.database.write() as db:
        datasets.lock(db, dataset_id)
        embedding = embeddings.get_or_create(db, dataset_id, name)
        embeddings.add_version(db, embedding.id, upload)
    return {"id": embedding.id, "rows": upload.rows, "dimension": upload.dimension}

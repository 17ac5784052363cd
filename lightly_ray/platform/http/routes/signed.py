"""Upload and download by signed URL: no token, one file, one method, for a while.

An upload goes to a temporary file first, then to the storage under a new key, then its row points to it: whatever
dies in between, the row names a complete file. The answer is 200, which older clients insist on.
"""

import tempfile
from pathlib import Path
from typing import IO, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from lightly_ray.platform.context import Platform
from lightly_ray.platform.http.admission import admit_signed
from lightly_ray.platform.http.dependencies import Here
from lightly_ray.platform.http.ranges import file_answer
from lightly_ray.platform.http.received import received
from lightly_ray.platform.services import embedding_files, images
from lightly_ray.platform.services.embedding_files import Format
from lightly_ray.platform.services.images import store_image
from lightly_ray.platform.services.mappings import in_order
from lightly_ray.platform.storage.store import embeddings, samples
from lightly_ray.platform.storage.store.samples import Kind


def _require_signature(request: Request, platform: Here, expires: str = "", signature: str = "", by: str = "") -> None:
    # Signed is what it is of: /v1/signed/KIND/ID/FORM; a name behind that is for whoever keeps the file.
    path = "/".join(request.scope["path"].split("/")[:6])
    # Who may read a file may ask how long it is.
    method = "GET" if request.method == "HEAD" else request.method
    platform.signer.check(method, path, expires, signature, by)


router = APIRouter(prefix="/v1/signed", tags=["signed URLs"], dependencies=[Depends(_require_signature)])
preflight = APIRouter(prefix="/v1/signed", include_in_schema=False)

_SPOOL = 8 * 2**20
_PARTS: dict[int | str, dict[str, Any]] = {
    206: {"description": "the part that Range asks for"},
    416: {"description": "the file ends before that part"},
}
# An uploaded file is shown as nothing but an image: it must not run in the page of the web app.
_SAFE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    # The signature is the permission: labelling tools fetch from a page of another origin.
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "content-length, content-range, accept-ranges",
}


@preflight.options("/{path:path}")
def allow_reading() -> Response:
    """Tell a browser that pages of any origin may read what they have a URL of."""
    allowed = {"access-control-allow-methods": "GET, HEAD", "access-control-allow-headers": "range"}
    return Response(status_code=204, headers={**_SAFE, **allowed, "access-control-max-age": "86400"})


@router.put("/samples/{sample_id}/{kind}")
async def put_image(request: Request, sample_id: str, kind: Kind, platform: Here, by: str = "") -> Response:
    """Take an image or a thumbnail."""
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL) as body:
        async for chunk in request.stream():
            body.write(chunk)
        await run_in_threadpool(_keep_image, platform, by, sample_id, kind, body)
    return Response(status_code=200)


@router.head("/samples/{sample_id}/{kind}/{name}", include_in_schema=False)
@router.get("/samples/{sample_id}/{kind}/{name}", responses=_PARTS)
def get_named_image(request: Request, sample_id: str, kind: Kind, name: str, platform: Here) -> Response:
    """Give an image or a thumbnail, or a part of it, by an address that ends in the file's base name."""
    return get_image(request, sample_id, kind, platform)


@router.head("/samples/{sample_id}/{kind}", include_in_schema=False)
@router.get("/samples/{sample_id}/{kind}", responses=_PARTS)
def get_image(request: Request, sample_id: str, kind: Kind, platform: Here) -> Response:
    """Give an image or a thumbnail, or a part of it."""
    with platform.database.read() as db:
        sample = samples.find(db, sample_id)
    return file_answer(request, *images.opened(platform.blobs, sample, kind), _SAFE)


@router.put("/embeddings/{embedding_id}/{kind}")
async def put_embedding(request: Request, embedding_id: str, kind: Format, platform: Here, by: str = "") -> Response:
    """Take an embedding file, check it, and make it the embedding's newest version."""
    async with received(request) as path:
        await run_in_threadpool(_keep_embedding, platform, by, embedding_id, kind, path)
    return Response(status_code=200)


@router.get("/embeddings/{embedding_id}/csv")
def get_embedding(embedding_id: str, platform: Here) -> Response:
    """Give an embedding as CSV."""
    with platform.database.read() as db:
        key = embeddings.require_file(embeddings.find(db, embedding_id))
    return StreamingResponse(embedding_files.as_csv(platform.blobs.open(key)), media_type="text/csv", headers=_SAFE)


def _keep_image(platform: Platform, by: str, sample_id: str, kind: Kind, body: IO[bytes]) -> None:
    with platform.database.read() as db:
        sample = samples.find(db, sample_id)
        admit_signed(db, by, sample.dataset_id, f"put {kind} image")
    blob = store_image(platform.blobs, sample.dataset_id, kind, body)
    with platform.database.write() as db:
        samples.set_file(db, sample.dataset_id, sample_id, kind, blob)


def _keep_embedding(platform: Platform, by: str, embedding_id: str, kind: Format, path: Path) -> None:
    with platform.database.read() as db:
        embedding = embeddings.find(db, embedding_id)
        admit_signed(db, by, embedding.dataset_id, "put embedding", embedding.name)
    names = in_order(platform, embedding.dataset_id)
    upload = embedding_files.store(platform.blobs, embedding.dataset_id, path, kind, names)
    with platform.database.write() as db:
        embeddings.add_version(db, embedding_id, upload)

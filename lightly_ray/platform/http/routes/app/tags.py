"""Tags: their samples as bytes, how each was made, in which order a selection chose."""

import math
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool
from typing_extensions import TypedDict

from lightly_ray.bitmask import BitMask
from lightly_ray.errors import InvalidInputError, NotFoundError
from lightly_ray.platform.context import Platform
from lightly_ray.platform.http.dependencies import Here
from lightly_ray.platform.http.routes.reports import PAGE_HEADERS
from lightly_ray.platform.http.schemas import Body, Created, Object
from lightly_ray.platform.services import orders, tag_stories, tagging
from lightly_ray.platform.services.image_uploads import CREATOR
from lightly_ray.platform.services.reports import report
from lightly_ray.platform.storage.store import datasets, tags

router = APIRouter(prefix="/app/datasets/{dataset_id}/tags")


class NewName(Body):
    """Rename a tag."""

    name: str


class OrderOfChoice(TypedDict):
    """The picks of a selection, the first one first, and what each gained; null stands for infinity."""

    rows: list[int]
    gains: list[float | None]


@router.post("")
async def create_tag(
    request: Request, dataset_id: str, platform: Here, name: str, parent: Annotated[str | None, Query()] = None
) -> Created:
    """Make a tag of mask bytes, bit i % 8 of byte i >> 3 for row i; ``parent`` is the initial tag by default."""
    body = await request.body()
    return {"id": await run_in_threadpool(_create, platform, dataset_id, body, (name, parent))}


@router.get("/{tag_id}/mask")
def read_mask(dataset_id: str, tag_id: str, platform: Here) -> Response:
    """The samples of a tag as such bytes."""
    with platform.database.read() as db:
        total = datasets.read(db, dataset_id).total
        mask = tags.read(db, dataset_id, tag_id).mask
    return Response(mask.to_bytes(total), media_type="application/octet-stream")


@router.patch("/{tag_id}", status_code=204)
def rename_tag(dataset_id: str, tag_id: str, body: NewName, platform: Here) -> Response:
    """Rename a tag."""
    with platform.database.write() as db:
        datasets.lock(db, dataset_id)
        tags.rename(db, dataset_id, tag_id, body.name)
    return Response(status_code=204)


@router.delete("/{tag_id}", status_code=204)
def delete_tag(dataset_id: str, tag_id: str, platform: Here) -> Response:
    """Delete a tag that no other goes on from."""
    with platform.database.write() as db:
        datasets.lock(db, dataset_id)
        tags.remove(db, dataset_id, tag_id)
    return Response(status_code=204)


@router.get("/{tag_id}/made")
def how_made(dataset_id: str, tag_id: str, platform: Here) -> Object:
    """How a tag was made: a sentence, and what that says."""
    with platform.database.read() as db:
        tag = tags.read(db, dataset_id, tag_id)
        parent = None if tag.prev_tag_id is None else tags.read(db, dataset_id, tag.prev_tag_id).name
        facts = tag_stories.Facts(tag.mask.count, parent, tags.initial(db, dataset_id).name)
        return tag_stories.story(facts, tags.provenance(db, tag_id))


@router.get("/{tag_id}/report")
def read_report(dataset_id: str, tag_id: str, platform: Here) -> HTMLResponse:
    """What the selection has come to, as a page of its own, which may run nothing and ask for nothing."""
    return HTMLResponse(report.html(platform, dataset_id, tag_id), headers=PAGE_HEADERS)


@router.get("/{tag_id}/order")
def order_of_choice(dataset_id: str, tag_id: str, platform: Here) -> OrderOfChoice:
    """In which order a selection chose the samples of its tag."""
    with platform.database.read() as db:
        tag = tags.read(db, dataset_id, tag_id)
        key = tags.provenance(db, tag_id).get("order_key")
    if key is None:
        raise NotFoundError(f"the tag {tag.name!r} has no order of choice: no selection of this version made it")
    order = orders.load(platform.blobs, key)
    gains = [gain if math.isfinite(gain) else None for gain in order.gains.tolist()]
    return {"rows": order.rows.tolist(), "gains": gains}


def _create(platform: Platform, dataset_id: str, body: bytes, names: tuple[str, str | None]) -> str:
    name, parent = names
    with platform.database.write() as db:
        dataset = datasets.lock(db, dataset_id)
        if len(body) != (dataset.total + 7) // 8:
            raise InvalidInputError(
                f"the mask of {dataset.total} samples has {(dataset.total + 7) // 8} bytes, got {len(body)}",
                code="DATASET_TAG_INVALID",
            )
        wanted = tagging.Wanted(
            name=name,
            prev_tag_id=parent or tags.initial(db, dataset_id).id,
            mask=BitMask.from_bytes(body),
            tot_size=None,
            creator=CREATOR,
            provenance=None,
        )
        return tagging.create(db, dataset_id, wanted)

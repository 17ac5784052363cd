"""A tag as a file: names, a table, the images, or what labelling tools import. All of them are streams."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from lightly_ray.bitmask import BitMask
from lightly_ray.data.labels.exports import EXPORTS
from lightly_ray.platform.context import Platform
from lightly_ray.platform.http.dependencies import Here, image_url
from lightly_ray.platform.services import exports, tables, zipped
from lightly_ray.platform.services.members import members
from lightly_ray.platform.storage.store import rows, tags

router = APIRouter(prefix="/app", tags=["web app"])

Own = Literal["names", "csv", "json", "zip"]
Form = Own | Literal["label-studio", "labelbox", "cvat", "coco", "yolo", "huggingface", "fiftyone", "imagefolder"]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A tag that is asked for."""

    platform: Platform
    dataset_id: str
    mask: BitMask


@router.get("/datasets/{dataset_id}/tags/{tag_id}/download", response_class=Response)
def download_tag(
    request: Request, dataset_id: str, tag_id: str, platform: Here, form: Annotated[Form, Query()] = "names"
) -> Response:
    """The samples of a tag as a file; an image that is missing is named in the archive's MISSING.txt."""
    with platform.database.read() as db:
        dataset_name = rows.dataset_name(db, dataset_id)
        tag = tags.read(db, dataset_id, tag_id)
    media_type, ending = _FORMS[form][1:] if form in _FORMS else _ending(form)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{dataset_name}-{tag.name}")
    headers = {
        "content-disposition": f'attachment; filename="{name}{ending}"',
        "cache-control": "private, no-store",
        "x-content-type-options": "nosniff",
    }
    if form in _FORMS:
        content = _FORMS[form][0](_Wanted(platform, dataset_id, tag.mask))
    else:
        wanted = exports.Wanted(dataset_id, tag_id, form)
        content = exports.pieces(platform, wanted, partial(image_url, request, platform))
    return StreamingResponse(content, media_type=media_type, headers=headers)


def _table(make: Callable[[Platform, str, BitMask], Iterator[bytes]]) -> Callable[[_Wanted], Iterator[bytes]]:
    return lambda wanted: make(wanted.platform, wanted.dataset_id, wanted.mask)


def _zip(wanted: _Wanted) -> Iterator[bytes]:
    return zipped.zipped(wanted.platform.blobs, members(wanted.platform, wanted.dataset_id, wanted.mask))


def _ending(form: str) -> tuple[str, str]:
    return EXPORTS[form].media_type, f"-{form}{EXPORTS[form].ending}"


_FORMS: dict[str, tuple[Callable[[_Wanted], Iterator[bytes]], str, str]] = {
    "names": (_table(tables.names_text), "text/plain; charset=utf-8", ".txt"),
    "csv": (_table(tables.csv_table), "text/csv; charset=utf-8", ".csv"),
    "json": (_table(tables.json_table), "application/json", ".json"),
    "zip": (_zip, "application/zip", ".zip"),
}

"""Tags for other tools: file names, read URLs, Label Studio, Labelbox, COCO."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, islice
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse

from lightly_ray.data.labels.exports import EXPORTS
from lightly_ray.platform import limits
from lightly_ray.platform.http import views
from lightly_ray.platform.http.dependencies import Flag, Here, PageOffset, PageSize, image_url
from lightly_ray.platform.services import exports, mappings
from lightly_ray.platform.services.members import members, named_members
from lightly_ray.platform.services.tables import json_list
from lightly_ray.platform.storage.store import rows, samples, tags
from lightly_ray.platform.storage.store.records import Sample

router = APIRouter(prefix="/v1/datasets/{dataset_id}/tags/{tag_id}/export", tags=["exports"])

# Clients ask for names or for URLs; DATASOURCE_FULL is a name too, since files are the server's own.
NameFormat = Annotated[Literal["NAME", "DATASOURCE_FULL", "REDIRECTED_READ_URL"], Query(alias="fileNameFormat")]

_LINES = 2_000


def _page(
    request: Request, dataset_id: str, tag_id: str, platform: Here, *, size: PageSize = None, offset: PageOffset = 0
) -> list[tuple[Sample, str]]:
    with platform.database.read() as db:
        wanted = tags.read(db, dataset_id, tag_id).mask.to_rows()[offset:][: limits.PAGE if size is None else size]
        found = samples.by_rows(db, dataset_id, wanted.tolist())
    return [(sample, image_url(request, platform, sample)) for sample in found]


# One page of the tag's samples, each with a URL to read it from.
Page = Annotated[list[tuple[Sample, str]], Depends(_page)]


def _wanted(
    dataset_id: str, tag_id: str, form: str, *, labels: str | None = None, predictions: str | None = None
) -> exports.Wanted:
    return exports.Wanted(dataset_id, tag_id, form, labels, predictions)


@router.get("/{form}", response_class=Response)
def export_tag(request: Request, wanted: Annotated[exports.Wanted, Depends(_wanted)], platform: Here) -> Response:
    """A tag in the form of a labelling tool, with labels, scores and, where asked for, predictions; a folder as a ZIP.

    ``labels`` names a source of labels, by default all go along; ``predictions`` are stored ones, by name.
    """
    content = exports.pieces(platform, wanted, partial(image_url, request, platform))
    return StreamingResponse(content, media_type=EXPORTS[wanted.format].media_type)


@router.get("/basic/filenames", response_class=PlainTextResponse)
def export_file_names(
    request: Request,
    dataset_id: str,
    tag_id: str,
    platform: Here,
    *,
    form: NameFormat = "NAME",
    inverted: Annotated[Flag, Query(alias="includeInverted")] = False,
) -> Response:
    """One file name, or one URL, per line."""
    with platform.database.read() as db:
        mask = tags.read(db, dataset_id, tag_id).mask
        if inverted:
            mask = mask.invert(rows.total(db, dataset_id))
    if form == "REDIRECTED_READ_URL":
        texts = (image_url(request, platform, sample) for sample in named_members(platform, dataset_id, mask))
    else:
        texts = mappings.names_of(platform, dataset_id, mask).to_pylist()
    return StreamingResponse(_lines(texts), media_type="text/plain")


def _lines(texts: Iterable[str]) -> Iterator[str]:
    begin, texts = "", iter(texts)
    # A piece is handed from thread to thread: some thousand lines at a time, or that takes longer than making them.
    while some := list(islice(texts, _LINES)):
        yield begin + "\n".join(some)
        begin = "\n"


@router.get("/basic/filenamesAndReadUrls", response_model=None)
def export_read_urls(page: Page) -> JSONResponse:
    """File names with a URL for each."""
    return JSONResponse([{"fileName": one.file_name, "readUrl": url} for one, url in page])


@router.get("/LabelStudio/tasks", response_model=None)
def export_label_studio(page: Page) -> JSONResponse:
    """Tasks to import into Label Studio."""
    return JSONResponse([views.label_studio_task(one, url) for one, url in page])


@router.get("/LabelBox/datarows", response_model=None)
def export_labelbox(page: Page) -> JSONResponse:
    """Data rows to import into Labelbox."""
    return JSONResponse([{"externalId": one.file_name, "imageUrl": url} for one, url in page])


@router.get("/LabelBoxV4/datarows", response_model=None)
def export_labelbox_v4(page: Page) -> JSONResponse:
    """Data rows to import into Labelbox, in the spelling of its newer versions."""
    return JSONResponse([views.labelbox_row(one, url) for one, url in page])


@router.get("/COCO/images", response_class=JSONResponse)
def export_coco(dataset_id: str, tag_id: str, platform: Here) -> Response:
    """The image list of a COCO file; width and height where the upload has them."""
    with platform.database.read() as db:
        mask = tags.read(db, dataset_id, tag_id).mask
    found = members(platform, dataset_id, mask)
    images = json_list(views.coco_image(one, number) for number, one in enumerate(found, start=1))
    parts = chain([b'{"images": '], images, [b', "annotations": [], "categories": []}'])
    return StreamingResponse(parts, media_type="application/json")

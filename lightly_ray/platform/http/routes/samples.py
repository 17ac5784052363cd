"""Samples, their order, and the URLs of their files."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, StreamingResponse
from typing_extensions import TypedDict

from lightly_ray.errors import NotFoundError
from lightly_ray.platform import limits
from lightly_ray.platform.http import views
from lightly_ray.platform.http.dependencies import Flag, Here, PageOffset, PageSize, sample_path, signed_url
from lightly_ray.platform.http.schemas import Created, Object, SampleBody, SampleChange, SampleData
from lightly_ray.platform.services import mappings
from lightly_ray.platform.storage.store import datasets, sample_pages, samples
from lightly_ray.platform.storage.store.samples import Kind, NewSample

router = APIRouter(prefix="/v1/datasets/{dataset_id}", tags=["samples"])


class WriteUrls(TypedDict):
    """Where the two files of a sample go."""

    full: str
    thumb: str


@router.post("/samples", status_code=201)
def create_sample(dataset_id: str, body: SampleBody, platform: Here) -> Created:
    """Add a sample, or describe the one that has this file name: a repeated request changes nothing."""
    with platform.database.write() as db:
        datasets.lock(db, dataset_id)
        [sample_id] = samples.upsert(
            db, dataset_id, [NewSample(**body.model_dump())], at_most=platform.settings.max_samples
        )
    return {"id": sample_id}


@router.get("/samples")
def list_samples(dataset_id: str, platform: Here, *, size: PageSize = None, offset: PageOffset = 0) -> list[SampleData]:
    """Samples whose announced files have all arrived, in mappings order."""
    with platform.database.read() as db:
        datasets.read(db, dataset_id)
        listed = sample_pages.listing(db, dataset_id, offset=offset, size=size)
    return [views.sample(one) for one in listed]


@router.get("/samples/partial", response_model=None)
def list_sample_parts(
    dataset_id: str,
    platform: Here,
    *,
    mode: Literal["ids", "fileNames", "full"] = "ids",
    size: PageSize = None,
    offset: PageOffset = 0,
) -> JSONResponse:
    """The same samples, as much of each as is asked for."""
    with platform.database.read() as db:
        datasets.read(db, dataset_id)
        if mode == "full":
            full = sample_pages.listing(db, dataset_id, offset=offset, size=size)
            return JSONResponse([views.sample(one) for one in full])
        found = sample_pages.names(db, dataset_id, offset=offset, size=size)
    named = mode == "fileNames"
    return JSONResponse([{"id": one, "fileName": name} if named else {"id": one} for one, name in found])


@router.get("/samples/{sample_id}")
def read_sample(dataset_id: str, sample_id: str, platform: Here) -> SampleData:
    """One sample."""
    with platform.database.read() as db:
        return views.sample(samples.read(db, dataset_id, sample_id))


@router.put("/samples/{sample_id}")
def change_sample(dataset_id: str, sample_id: str, body: SampleChange, platform: Here) -> Object:
    """Describe a sample again. Its file name never changes."""
    values = body.model_dump(exclude_none=True, exclude={"file_name"})
    values |= {name: limits.metadata(value, name) for name, value in values.items() if isinstance(value, dict)}
    with platform.database.write() as db:
        samples.change(db, dataset_id, sample_id, **values)
    return {}


@router.get("/mappings", response_model=list[str])
def read_mappings(
    dataset_id: str, platform: Here, field: Annotated[Literal["fileName", "_id"], Query()] = "fileName"
) -> StreamingResponse:
    """File names or ids in the order of the bits of every mask."""
    found = mappings.in_pieces(platform, dataset_id, "id" if field == "_id" else "file_name")
    return StreamingResponse(mappings.json_texts(found), media_type="application/json")


@router.get("/samples/{sample_id}/writeurl")
def write_url(
    request: Request,
    dataset_id: str,
    sample_id: str,
    platform: Here,
    *,
    thumbnail: Annotated[Flag, Query(alias="isThumbnail")] = False,
) -> str:
    """Where to PUT the image or its thumbnail."""
    return _write_url(request, platform, (dataset_id, sample_id), "thumb" if thumbnail else "full")


@router.get("/samples/{sample_id}/writeurls")
def write_urls(request: Request, dataset_id: str, sample_id: str, platform: Here) -> WriteUrls:
    """Where to PUT the image, and where its thumbnail."""
    sample = (dataset_id, sample_id)
    return {
        "full": _write_url(request, platform, sample, "full"),
        "thumb": _write_url(request, platform, sample, "thumb"),
    }


@router.get("/samples/{sample_id}/readurl")
def read_url(
    request: Request,
    dataset_id: str,
    sample_id: str,
    platform: Here,
    kind: Annotated[Literal["full", "thumbnail"], Query(alias="type")] = "full",
) -> str:
    """Where to GET the image or its thumbnail; a thumbnail that was not uploaded is made of the image."""
    with platform.database.read() as db:
        sample = samples.read(db, dataset_id, sample_id)
    if sample.full_key is None and (kind == "full" or sample.thumb_key is None):
        raise NotFoundError(f"no {kind} image of {sample.file_name!r} has been uploaded")
    return signed_url(request, platform, "GET", sample_path(sample_id, "full" if kind == "full" else "thumb"))


def _write_url(request: Request, platform: Here, sample: tuple[str, str], kind: Kind) -> str:
    with platform.database.read() as db:
        stored = samples.read(db, *sample)
    if kind == "full" and not stored.full_expected:
        # From now on, a sample without its image counts as unfinished when an upload is resumed.
        with platform.database.write() as db:
            samples.change(db, *sample, full_expected=True)
    return signed_url(request, platform, "PUT", sample_path(sample[1], kind))

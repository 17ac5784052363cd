"""Samples by row: some for a screen of tiles, all about one, their thumbnails and images."""

import dataclasses
from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from typing_extensions import TypedDict

from lightly_ray.errors import InvalidInputError
from lightly_ray.platform.http.dependencies import Flag, Here
from lightly_ray.platform.http.routes.app import answers
from lightly_ray.platform.http.routes.app.columns import Version
from lightly_ray.platform.http.schemas import Object
from lightly_ray.platform.services import images, sample_facts, thumbnails
from lightly_ray.platform.storage.store import rows

router = APIRouter(prefix="/app", tags=["web app"])

MOST_ROWS = 500


class Tile(TypedDict):
    """A sample as a tile shows it; the thumbnail is a version, None where there is no image."""

    row: int
    id: str
    name: str
    thumbnail: str | None


@router.get("/datasets/{dataset_id}/samples", response_model=list[Tile])
def list_samples(dataset_id: str, platform: Here, wanted: Annotated[str, Query(alias="rows")]) -> Response:
    """The samples at some rows, such as ``3,5,8``, in the order asked for."""
    with platform.database.read() as db:
        briefs = rows.briefs(db, dataset_id, _rows(wanted))
    tiles: list[Tile] = [
        {"row": it.row, "id": it.id, "name": it.file_name, "thumbnail": thumbnails.version(it)} for it in briefs
    ]
    return answers.as_json(tiles)


@router.get("/datasets/{dataset_id}/samples/{row}", response_model=Object)
def read_sample(dataset_id: str, row: int, platform: Here) -> Response:
    """All that is known of one sample."""
    facts = sample_facts.facts(platform, dataset_id, row)
    sample = facts.sample
    shown = {
        "row": row,
        "id": sample.id,
        "name": sample.file_name,
        "metadata": sample.meta_data,
        "custom": sample.custom_meta_data,
        "exif": sample.exif,
        "image": sample.full_key is not None,
        "thumbnail": thumbnails.version(sample),
        "bytes": sample.full_bytes,
        "createdAt": sample.created_at,
        "tags": facts.tags,
        "scores": [dataclasses.asdict(it) for it in facts.scores],
        "labels": [dataclasses.asdict(it) for it in facts.labels],
        "annotations": [dataclasses.asdict(it) for it in facts.annotations],
        "predicted": None if facts.predicted is None else dataclasses.asdict(facts.predicted),
    }
    return answers.as_json(shown)


@router.get("/datasets/{dataset_id}/thumbnails/{row}", response_class=Response)
def read_thumbnail(dataset_id: str, row: int, platform: Here, version: Version = None) -> Response:
    """The uploaded thumbnail, or one that is made of the image."""
    with platform.database.read() as db:
        sample = rows.at(db, dataset_id, row)
    now = thumbnails.version(sample) or ""
    return _image(thumbnails.content(platform.blobs, sample), answers.caching(now, version))


@router.get("/datasets/{dataset_id}/images/{row}", response_class=Response)
def read_image(
    dataset_id: str,
    row: int,
    platform: Here,
    version: Version = None,
    *,
    show: Annotated[Flag, Query()] = False,
) -> Response:
    """The image as it was uploaded; with ``show=1`` as WEBP where browsers do not show its type."""
    with platform.database.read() as db:
        sample = rows.at(db, dataset_id, row)
    file = images.shown(platform.blobs, sample) if show else images.content(platform.blobs, sample, "full")
    return _image(file, answers.caching((sample.full_sha256 or "")[:16], version))


def _rows(text: str) -> list[int]:
    parts = text.split(",")
    if len(parts) > MOST_ROWS:
        raise InvalidInputError(f"at most {MOST_ROWS} rows at a time, got {len(parts)}")
    wrong = next((part for part in parts if not (part.isascii() and part.isdigit() and len(part) < 16)), None)
    if wrong is not None:
        raise InvalidInputError(f"rows are whole numbers such as 3,5,8, got {wrong[:60]!r}")
    return [int(part) for part in parts]


def _image(file: tuple[Iterator[bytes], str], headers: dict[str, str]) -> Response:
    content, media_type = file
    return StreamingResponse(content, media_type=media_type, headers={**headers, **answers.SAFE})

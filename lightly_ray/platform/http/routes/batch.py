"""Many samples in one request: `multipart/form-data` with a JSON list and the files."""

from collections.abc import Mapping
from typing import Annotated, cast

from fastapi import APIRouter, Request
from pydantic import Field, TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from typing_extensions import TypedDict

from lightly_ray.errors import InvalidInputError, TooLargeError
from lightly_ray.platform import limits
from lightly_ray.platform.http.dependencies import Here
from lightly_ray.platform.http.schemas import Body, SampleBody
from lightly_ray.platform.services import sample_batches
from lightly_ray.platform.storage.store.samples import Kind, NewSample

router = APIRouter(prefix="/v1/datasets/{dataset_id}/samples", tags=["samples"])


class Digests(Body):
    """SHA-256 of the files that belong to a sample, hexadecimal."""

    full: str | None = None
    thumb: str | None = None


class BatchItem(SampleBody):
    """A sample of a batch; the files of item i are the parts full-i and thumb-i."""

    sha256: Digests = Field(default_factory=Digests)


class BatchAnswer(TypedDict):
    """What became of an item."""

    fileName: str
    id: str | None
    error: str | None


_ITEMS = TypeAdapter(Annotated[list[BatchItem], Field(max_length=limits.BATCH_SAMPLES)])


@router.post("/batch")
async def put_batch(request: Request, dataset_id: str, platform: Here) -> list[BatchAnswer]:
    """Add up to 256 samples with their files. Each is answered with its id, or with what is wrong with it."""
    form = request.form(max_files=2 * limits.BATCH_SAMPLES + 1, max_fields=8, max_part_size=limits.BATCH_JSON_BYTES)
    async with form as parts:
        items = _items(await _json(parts), parts)
        answers = await run_in_threadpool(sample_batches.store, platform, dataset_id, items)
    return [{"fileName": one.file_name, "id": one.id, "error": one.error} for one in answers]


async def _json(parts: FormData) -> bytes:
    part = parts.get("samples")
    if part is None:
        raise InvalidInputError("the part `samples` is missing", code="MALFORMED_REQUEST")
    text = await part.read() if isinstance(part, UploadFile) else part.encode()
    if len(text) > limits.BATCH_JSON_BYTES:
        raise TooLargeError(f"the part `samples` may have {limits.BATCH_JSON_BYTES} bytes, got {len(text)}")
    return text


def _items(text: bytes, parts: FormData) -> list[sample_batches.Item]:
    try:
        bodies = _ITEMS.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InvalidInputError(f"samples.{place}: {first['msg']}", code="MALFORMED_REQUEST") from error
    return [_item(body, parts, number) for number, body in enumerate(bodies)]


def _item(body: BatchItem, parts: FormData, number: int) -> sample_batches.Item:
    sample = NewSample(**body.model_dump(exclude={"sha256"}))
    digests = cast("Mapping[Kind, str]", body.sha256.model_dump(exclude_none=True))
    kinds: tuple[Kind, Kind] = ("full", "thumb")
    uploads = {kind: parts.get(f"{kind}-{number}") for kind in kinds}
    files = {kind: part.file for kind, part in uploads.items() if isinstance(part, UploadFile)}
    return sample_batches.Item(sample, digests, files)

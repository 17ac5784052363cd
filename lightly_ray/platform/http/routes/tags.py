"""Tags: made, listed, renamed, deleted, combined; their file names and provenance."""

from typing import NotRequired

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from typing_extensions import TypedDict

from lightly_ray.methods import CANNOT_BE_LABELLED_TAG
from lightly_ray.platform.http import views
from lightly_ray.platform.http.dependencies import Here
from lightly_ray.platform.http.schemas import (
    ArithmeticsBody,
    Created,
    InitialTagBody,
    MarkBody,
    NeverOffered,
    Object,
    TagBody,
    TagChange,
    TagData,
    UpsizeBody,
    ValidationBody,
)
from lightly_ray.platform.services import held_out, mappings, tagging
from lightly_ray.platform.storage.store import datasets, tags

router = APIRouter(prefix="/v1/datasets/{dataset_id}/tags", tags=["tags"])


class Combined(TypedDict):
    """What a combination of tags came to; the id where it was stored as a tag."""

    bitMaskData: str
    id: NotRequired[str]


@router.get("")
def list_tags(dataset_id: str, platform: Here) -> list[TagData]:
    """All tags, the initial tag first; none before the upload is finished."""
    with platform.database.read() as db:
        dataset = datasets.read(db, dataset_id)
        return [views.tag(tag, dataset.total) for tag in tags.listing(db, dataset_id)]


@router.post("", status_code=201)
def create_tag(dataset_id: str, body: TagBody, platform: Here) -> Created:
    """Make a tag of a mask, or of file names."""
    asked = body.model_dump()
    mask = tagging.mask_of(platform, dataset_id, asked.pop("bit_mask_data"), asked.pop("file_names"))
    with platform.database.write() as db:
        return {"id": tagging.create(db, dataset_id, tagging.Wanted(mask=mask, **asked))}


@router.post("/initial", status_code=201)
def create_initial_tag(dataset_id: str, body: InitialTagBody, platform: Here) -> Created:
    """Finish the first upload: every sample gets its place, and the tag of all samples is made."""
    with platform.database.write() as db:
        dataset = datasets.lock(db, dataset_id)
        return {"id": tags.create_initial(db, dataset, **body.model_dump())}


@router.post("/upsize", status_code=201)
def upsize_tags(dataset_id: str, body: UpsizeBody, platform: Here) -> Created:
    """Finish an upload of further images: the initial tag grows, and a new tag holds the new samples."""
    with platform.database.write() as db:
        dataset = datasets.lock(db, dataset_id)
        return {"id": tags.upsize(db, dataset, body.upsize_tag_name, body.upsize_tag_creator)}


@router.post(f"/{CANNOT_BE_LABELLED_TAG}")
def mark_cannot_be_labelled(dataset_id: str, body: MarkBody, platform: Here) -> Created:
    """Mark samples as such that cannot be labelled: no selection offers them. Their tag is made, or grows."""
    mask = tagging.mask_of(platform, dataset_id, None, body.file_names)
    with platform.database.write() as db:
        datasets.lock(db, dataset_id)
        return {"id": tags.mark(db, dataset_id, mask, body.creator)}


@router.post("/validation", status_code=201)
def create_validation_tag(dataset_id: str, body: ValidationBody, platform: Here) -> Created:
    """Hold samples out for validation, drawn at random of what is not selected: no selection offers them."""
    with platform.database.write() as db:
        return {"id": held_out.draw(db, dataset_id, held_out.Wanted(**body.model_dump()))}


@router.get("/never-offered")
def read_never_offered(dataset_id: str, platform: Here) -> NeverOffered:
    """What no selection offers: samples that cannot be labelled, and those held out for validation."""
    with platform.database.read() as db:
        never = held_out.never_offered(db, dataset_id)
    return {
        "cannotBeLabelled": never.cannot_be_labelled.to_hex(),
        "validation": never.validation.to_hex(),
        "validationTags": never.validation_tags,
    }


@router.post("/arithmetics")
@router.post("/arithmetics/bitmask")
def combine_tags(dataset_id: str, body: ArithmeticsBody, platform: Here) -> Combined:
    """Union, intersection or difference of two tags; with a name, stored as a tag."""
    # Without a name it is a question, which whoever may look may ask.
    with platform.database.read() if body.new_tag_name is None else platform.database.write() as db:
        mask, tag_id = tagging.combine(db, dataset_id, tagging.Combination(**body.model_dump()))
    return {"bitMaskData": mask} if tag_id is None else {"bitMaskData": mask, "id": tag_id}


@router.get("/{tag_id}")
def read_tag(dataset_id: str, tag_id: str, platform: Here) -> TagData:
    """One tag."""
    with platform.database.read() as db:
        return views.tag(tags.read(db, dataset_id, tag_id), datasets.read(db, dataset_id).total)


@router.put("/{tag_id}")
def change_tag(dataset_id: str, tag_id: str, body: TagChange, platform: Here) -> Object:
    """Rename a tag."""
    with platform.database.write() as db:
        datasets.lock(db, dataset_id)
        tags.rename(db, dataset_id, tag_id, body.name)
    return {}


@router.delete("/{tag_id}")
def delete_tag(dataset_id: str, tag_id: str, platform: Here) -> Object:
    """Delete a tag that no other goes on from."""
    with platform.database.write() as db:
        datasets.lock(db, dataset_id)
        tags.remove(db, dataset_id, tag_id)
    return {}


@router.get("/{tag_id}/filenames", response_model=list[str])
def read_file_names(dataset_id: str, tag_id: str, platform: Here) -> StreamingResponse:
    """The file names of a tag, in mappings order."""
    with platform.database.read() as db:
        mask = tags.read(db, dataset_id, tag_id).mask
    found = mappings.names_of(platform, dataset_id, mask)
    return StreamingResponse(mappings.json_texts(found), media_type="application/json")


@router.get("/{tag_id}/provenance")
def read_provenance(dataset_id: str, tag_id: str, platform: Here) -> Object:
    """How the tag was made: for a selection, all that it depended on, and its certificate."""
    with platform.database.read() as db:
        tag = tags.read(db, dataset_id, tag_id)
        provenance = tags.provenance(db, tag_id)
    return {"tagId": tag.id, "creator": tag.creator, "createdAt": tag.created_at, **provenance}

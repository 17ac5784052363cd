"""The commands `upload` and `download`: folders of images to a dataset of a platform, tags of it back to folders."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.api.models import TagData
from lightly_ray.bitmask import BitMask
from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError
from lightly_ray.methods import INITIAL_TAG
from lightly_ray.workflow.destination import DatasetSettings


class UploadSettings(DatasetSettings):
    """Upload a folder of images, and embeddings of them. Run again, it goes on; new images are appended."""

    input_dir: Path = Field(description="folder of images at any depth")
    dataset: str | None = Field(default=None, description="name of the dataset; made if there is none of that name")
    mode: Literal["full", "thumbnails", "metadata"] = Field(
        default="full", description="full: files and thumbnails; thumbnails: these alone; metadata: neither"
    )
    embeddings: Path | None = Field(
        default=None, description="CSV with the columns filenames, embedding_0, ..., labels, to upload too"
    )


class DownloadSettings(DatasetSettings):
    """Write the images of a tag, or their names."""

    tag: str = Field(default=INITIAL_TAG, description="which samples")
    exclude_parent: bool = Field(default=False, description="only what the tag has more than the one it goes on from")
    output_dir: Path | None = Field(default=None, description="folder to write the images to")
    filenames: Path | None = Field(default=None, description="text file to write the file names to, one per line")

    @model_validator(mode="after")
    def _check_target(self) -> Self:
        if self.output_dir is None and self.filenames is None:
            raise ValueError("say where to: output_dir=FOLDER for the images, filenames=FILE for their names")
        if self.output_dir is not None and self.exclude_parent:
            raise ValueError("exclude_parent goes with filenames; images are downloaded by whole tags")
        return self


def run_upload(settings: UploadSettings) -> dict[str, object]:
    """Upload.

    Raises:
        InvalidInputError, ApiError: the images cannot be used, or some were not taken; the message names one.
    """
    client = _opened(settings)
    report = client.upload_dataset(settings.input_dir, mode=settings.mode)
    if settings.embeddings is not None:
        client.upload_embeddings(settings.embeddings)
    return {
        "dataset_id": client.dataset_id,
        "uploaded": report.uploaded,
        "present": report.present,
        "corrupt": sorted(report.corrupt),
    }


def run_download(settings: DownloadSettings) -> dict[str, object]:
    """Download.

    Raises:
        NotFoundError: there is no such dataset or tag.
        InvalidInputError: the dataset was uploaded without its full images.
    """
    client = settings.dataset_client()
    if client is None:
        raise InvalidInputError("which dataset? give dataset=NAME or dataset_id=ID")
    tag = client.get_tag_by_name(settings.tag)
    names = _members(client, tag, exclude_parent=settings.exclude_parent).select(client.get_filenames())
    if settings.filenames is not None:
        Location.parse(settings.filenames).write("".join(f"{name}\n" for name in names).encode())
    if settings.output_dir is not None:
        client.download_dataset(settings.output_dir, settings.tag)
    return {"dataset_id": client.dataset_id, "tag": settings.tag, "samples": len(names)}


def _members(client: ApiWorkflowClient, tag: TagData, *, exclude_parent: bool) -> BitMask:
    # A tag that goes on from the initial one begins from nothing: taking all samples away would leave nothing.
    parents = [one for one in client.get_all_tags() if one.id == tag.prev_tag_id and one.prev_tag_id is not None]
    return tag.mask.difference(parents[0].mask) if exclude_parent and parents else tag.mask


def _opened(settings: UploadSettings) -> ApiWorkflowClient:
    """A client on the dataset; one of a new name is made."""
    if settings.dataset is None:
        client = settings.dataset_client()
        if client is None:
            raise InvalidInputError("which dataset? give dataset=NAME or dataset_id=ID")
        return client
    client = settings.client()
    if client.dataset_name_exists(settings.dataset):
        client.set_dataset_id_by_name(settings.dataset)
    else:
        client.create_dataset(settings.dataset)
    return client

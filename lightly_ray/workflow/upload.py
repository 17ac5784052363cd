"""The command `upload`: a folder of images, and embeddings of them, to a dataset of a platform."""

import sys
from typing import Literal

from pydantic import Field

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.api.api_workflow_upload_dataset import UploadReport
from lightly_ray.errors import InvalidInputError, listed
from lightly_ray.workflow.destination import DatasetSettings
from lightly_ray.workflow.embedding_upload import upload_embedding_file
from lightly_ray.workflow.place import Place

UploadMode = Literal["full", "thumbnails", "metadata"]


class UploadSettings(DatasetSettings):
    """Upload a folder of images, and embeddings of them. Run again, it goes on; new images are appended."""

    input_dir: Place = Field(description="folder of images at any depth: a path, or a URI (s3://...)")
    dataset: str | None = Field(default=None, description="name of the dataset; made if there is none of that name")
    mode: UploadMode = Field(
        default="full", description="full: files and thumbnails; thumbnails: these alone; metadata: neither"
    )
    embeddings: Place | None = Field(
        default=None, description="embeddings to upload too: Parquet as embed writes it, or CSV of published clients"
    )
    embedding_name: str = Field(default="default", description="name of the embedding on the platform")


def run_upload(settings: UploadSettings) -> dict[str, object]:
    """Upload.

    Raises:
        InvalidInputError, ApiError: the images cannot be used, or some were not taken; the message names one.
    """
    client = _opened(settings)
    result: dict[str, object] = {"dataset_id": client.dataset_id}
    result |= summary(client.upload_dataset(settings.input_dir, mode=settings.mode))
    if settings.embeddings is not None:
        result["embedded"] = upload_embedding_file(client, settings.embeddings, settings.embedding_name)
    return result


def summary(report: UploadReport) -> dict[str, object]:
    """What an upload did, as JSON; files of which only the first frame is there are named on standard error."""
    if report.first_frames:
        sys.stderr.write(f"of files with several frames or pages the first is shown: {listed(report.first_frames)}\n")
    return {
        "uploaded": report.uploaded,
        "present": report.present,
        "corrupt": sorted(report.corrupt),
        "first_frames": report.first_frames,
    }


def _opened(settings: DatasetSettings) -> ApiWorkflowClient:
    """A client on the dataset; one of a new name is made.

    Raises:
        InvalidInputError: no dataset is named.
    """
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

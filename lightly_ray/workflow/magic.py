"""The command `magic`: a folder of images -> embedded, uploaded, and the best ones to label selected."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from lightly_ray.active_learning.agents import ActiveLearningAgent
from lightly_ray.active_learning.config import SamplerConfig
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.data.images import list_images
from lightly_ray.embedding.descriptor import Descriptor
from lightly_ray.errors import NotFoundError
from lightly_ray.parallel.cluster import connected
from lightly_ray.parallel.embed import Embedded, embed_folder
from lightly_ray.workflow.transfer import UploadSettings, open_dataset


class MagicSettings(UploadSettings):
    """Embed a folder of images on Ray, upload both to a platform, and select the samples to label first.

    Run again on a folder that has grown, it appends: new images are embedded with the descriptor of the old ones.
    """

    n_samples: int = Field(default=0, ge=0, description="samples to select; 0: none")
    method: Literal["coreset", "random"] = Field(default="coreset", description="how to select")
    tag: str | None = Field(default=None, description="name of the tag with the selection; default: made of the above")


def run_magic(settings: MagicSettings) -> dict[str, object]:
    """Embed, upload, select.

    Raises:
        InvalidInputError, ApiError: the images cannot be used, or some were not taken; the message names one.
    """
    client = settings.client()
    client.get_datasets()  # a wrong token or address is found here, before the work
    names = list_images(settings.input_dir)
    open_dataset(client, settings.dataset)
    with connected():
        embedded = embed_folder(str(settings.input_dir), names, _descriptor(client))
    report = client.upload_dataset(settings.input_dir, mode=settings.mode)
    result: dict[str, object] = {
        "dataset_id": client.dataset_id,
        "uploaded": report.uploaded,
        "present": report.present,
        "corrupt": sorted(embedded.corrupt),
    }
    if report.uploaded or not client.get_all_embedding_data():
        result["embedding"] = _upload(client, embedded)
    if settings.n_samples:
        result |= _select(client, settings)
    return result


def _descriptor(client: ApiWorkflowClient) -> Descriptor | None:
    """The descriptor of the newest embedding: vectors of another one could not be compared with it."""
    if not client.get_all_embedding_data():
        return None
    try:
        return Descriptor.from_bytes(client.download_descriptor())
    except NotFoundError:
        return None


def _upload(client: ApiWorkflowClient, embedded: Embedded) -> str:
    taken = {embedding.name for embedding in client.get_all_embedding_data()}
    name = f"default_{datetime.now().astimezone():%Y%m%d_%Hh%Mm%Ss}" if "default" in taken else "default"
    client.upload_embeddings_from_arrays(embedded.filenames, embedded.embeddings, name)
    client.upload_descriptor(embedded.descriptor.to_bytes())
    return name


def _select(client: ApiWorkflowClient, settings: MagicSettings) -> dict[str, object]:
    config = SamplerConfig(method=settings.method.upper(), n_samples=settings.n_samples, name=settings.tag)
    agent = ActiveLearningAgent(client)
    agent.query(config)
    return {"tag": config.name, "selected": len(agent.labeled_set)}

"""A folder of images and the dataset that is made of it: settings and steps that `magic` and `select_new` share."""

import os
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.api.names import dataset_name
from lightly_ray.data.location import Location
from lightly_ray.workflow.destination import ServerSettings
from lightly_ray.workflow.embed_images import EmbedImagesSettings
from lightly_ray.workflow.model_settings import EmbeddingSettings
from lightly_ray.workflow.place import Place
from lightly_ray.workflow.upload import UploadMode


class FolderSettings(EmbeddingSettings, ServerSettings):
    """Which folder, which platform, and how images are embedded and uploaded."""

    input_dir: Place = Field(description="folder of images at any depth: a path, or a URI (s3://...)")
    dataset_id: str | None = Field(default=None, description="id of a dataset of the platform")
    token: SecretStr | None = Field(
        default=None, description="token of the platform; a process list shows it, token_file does not"
    )
    upload: UploadMode = Field(
        default="full", description="full: files and thumbnails; thumbnails: these alone; metadata: neither"
    )
    embedding_name: str = Field(default="default", description="name of the embedding on the platform")
    output_dir: Path = Field(
        default=Path("lightly_ray_output"), description="folder for the embeddings and the embedded platform"
    )

    @model_validator(mode="after")
    def _check_token(self) -> Self:
        if self.token is not None and self.token_file is not None:
            raise ValueError("give token or token_file, not both")
        return self

    def client(self) -> ApiWorkflowClient:
        """A client of that platform; raises as for `ServerSettings`."""
        return (
            super().client()
            if self.token is None
            else ApiWorkflowClient(self.token.get_secret_value(), server=self.server)
        )

    @property
    def names_a_platform(self) -> bool:
        """Whether there is one: by token or address, here or in the environment."""
        return bool(self.token or self.token_file or self.server) or "LIGHTLY_TOKEN" in os.environ

    def named_client(self) -> ApiWorkflowClient | None:
        """A client of the platform that is named, None where none is.

        Raises:
            LightlyRayError: it does not answer, or not to this token: better known before the work.
        """
        client = self.client() if self.names_a_platform else None
        if client is not None:
            client.get_datasets()
        return client

    def embed_settings(self, output: Location, model: str | None) -> EmbedImagesSettings:
        """How the folder's images are embedded into ``output``, by ``model``."""
        given = {key: getattr(self, key) for key in EmbeddingSettings.model_fields}
        return EmbedImagesSettings(input_dir=self.input_dir, output=output, **(given | {"model": model}))


def find_dataset(client: ApiWorkflowClient, settings: FolderSettings, name: str | None) -> tuple[str, bool]:
    """The name of the dataset, and whether there is one: then it is the client's current one.

    Args:
        client: of the platform.
        settings: may have its id.
        name: the name that was given; None: the folder's.
    """
    if settings.dataset_id is not None:
        client.dataset_id = settings.dataset_id
        return client.get_dataset_by_id(settings.dataset_id).name, True
    name = name or dataset_name(Path(settings.input_dir.path).name)
    exists = client.dataset_name_exists(name)
    if exists:
        client.set_dataset_id_by_name(name)
    return name, exists

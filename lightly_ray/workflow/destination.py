"""Which platform and which dataset a job works with: the same settings at every door.

server, token_file       default: LIGHTLY_SERVER_LOCATION and LIGHTLY_TOKEN, as for the client
dataset, dataset_id      the name of a dataset, or its id
"""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.settings import Settings, read_token


class ServerSettings(Settings):
    """Which platform."""

    server: str | None = Field(
        default=None, description="URL of the platform; default: LIGHTLY_SERVER_LOCATION, else http://127.0.0.1:8000"
    )
    token_file: Path | None = Field(default=None, description="file that holds the token; default: LIGHTLY_TOKEN")

    def client(self) -> ApiWorkflowClient:
        """A client of that platform.

        Raises:
            AuthenticationError: there is no token.
            InvalidInputError: the file of the token cannot be read, or ``server`` is no URL.
        """
        token = None if self.token_file is None else read_token(self.token_file)
        return ApiWorkflowClient(token, server=self.server)


class DatasetSettings(ServerSettings):
    """Which dataset of which platform; none where a job may do without."""

    dataset: str | None = Field(default=None, description="name of a dataset on the platform")
    dataset_id: str | None = Field(default=None, description="its id, instead of its name")

    @model_validator(mode="after")
    def _check_dataset(self) -> Self:
        if self.dataset is not None and self.dataset_id is not None:
            raise ValueError("give dataset, a name, or dataset_id, not both")
        if self.dataset is None and self.dataset_id is None and (self.server or self.token_file):
            raise ValueError("server and token_file need a dataset of that platform: dataset=NAME or dataset_id=ID")
        return self

    def dataset_client(self) -> ApiWorkflowClient | None:
        """A client whose current dataset is the one that was named; None where none was.

        Raises:
            NotFoundError: there is no such dataset.
            AuthenticationError: the token is missing or wrong.
        """
        if self.dataset is None and self.dataset_id is None:
            return None
        client = self.client()
        if self.dataset is not None:
            client.set_dataset_id_by_name(self.dataset)
        elif self.dataset_id is not None:
            client.dataset_id = self.dataset_id
        return client

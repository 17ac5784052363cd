"""Datasets: find, create, choose, delete."""

from contextlib import suppress
from itertools import count

from lightly_ray.api.base import CREATOR, ClientBase
from lightly_ray.api.models import DatasetData, created_id, parse
from lightly_ray.errors import ConflictError, NotFoundError


class DatasetsMixin(ClientBase):
    """The part of `ApiWorkflowClient` that handles datasets."""

    @property
    def dataset_type(self) -> str:
        """Type of the current dataset: "Images"."""
        return self.get_dataset_by_id(self.dataset_id).type

    def get_dataset_by_id(self, dataset_id: str) -> DatasetData:
        """One dataset.

        Raises:
            NotFoundError: there is none with this id.
        """
        return parse(DatasetData, self.transport.get(f"/v1/datasets/{dataset_id}"))

    def get_all_datasets(self) -> list[DatasetData]:
        """All datasets one may see."""
        return self.get_datasets(shared=None)

    def get_datasets_by_name(self, dataset_name: str, shared: bool | None = False) -> list[DatasetData]:
        """Datasets of exactly this name, none or one where they are one's own."""
        return [dataset for dataset in self.get_datasets(shared) if dataset.name == dataset_name]

    def dataset_name_exists(self, dataset_name: str, shared: bool | None = False) -> bool:
        """Whether a dataset has this name."""
        return bool(self.get_datasets_by_name(dataset_name, shared))

    def set_dataset_id_by_name(self, dataset_name: str, shared: bool | None = False) -> None:
        """Make the dataset of this name the current one.

        Raises:
            NotFoundError: no dataset has this name.
        """
        datasets = self.get_datasets_by_name(dataset_name, shared)
        if not datasets:
            raise NotFoundError(f"there is no dataset {dataset_name!r}: create it first", code="DATASET_UNKNOWN")
        self._use_dataset(datasets[0].id)

    def create_dataset(self, dataset_name: str, dataset_type: str = "Images") -> None:
        """Create a dataset and make it the current one.

        Raises:
            ConflictError: the name is taken. To go on with that dataset, call `set_dataset_id_by_name`.
        """
        if self.dataset_name_exists(dataset_name):
            raise ConflictError(
                f"there is a dataset {dataset_name!r} already: call set_dataset_id_by_name() to go on with it, "
                "or create_new_dataset_with_unique_name() for a new one",
                code="DATASET_NAME_EXISTS",
            )
        self._create_dataset(dataset_name, dataset_type)

    def create_new_dataset_with_unique_name(self, dataset_basename: str, dataset_type: str = "Images") -> None:
        """Create a dataset of this name, or of the name and the first free number: "pets", "pets_1", "pets_2"."""
        taken = {dataset.name for dataset in self.get_datasets()}
        for number in count():
            name = f"{dataset_basename}_{number}" if number else dataset_basename
            if name not in taken:
                with suppress(ConflictError):  # another client took the name just now
                    self._create_dataset(name, dataset_type)
                    break

    def delete_dataset_by_id(self, dataset_id: str) -> None:
        """Delete a dataset with everything in it."""
        self.transport.delete(f"/v1/datasets/{dataset_id}")
        if dataset_id == self._dataset_id:
            self._use_dataset(None)

    def _create_dataset(self, name: str, kind: str) -> None:
        body = {"name": name, "type": kind, "creator": CREATOR}
        self._use_dataset(created_id(self.transport.post("/v1/datasets", body)))

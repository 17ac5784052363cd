"""What all parts of the client share: the transport, the current dataset and the current embedding."""

import warnings

from lightly_ray.api.models import DatasetData, parse, parse_list
from lightly_ray.api.transport import Transport
from lightly_ray.errors import InvalidInputError, NotFoundError

CREATOR = "USER_PIP"
_PAGE = 5000


class ClientBase:
    """State of a client. The parts of `ApiWorkflowClient` build on it.

    Attributes:
        transport: sends the requests.
        show_progress: whether uploads, downloads and selections show how far they are.
        embedding_id: the embedding that selections use; None stands for the newest of the dataset.
    """

    def __init__(
        self, transport: Transport, dataset_id: str | None, embedding_id: str | None, *, show_progress: bool
    ) -> None:
        self.transport = transport
        self.show_progress = show_progress
        self.embedding_id = embedding_id
        self._dataset_id = dataset_id

    @property
    def dataset_id(self) -> str:
        """Id of the current dataset; without one, the dataset that changed last is taken, with a warning.

        Raises:
            NotFoundError: no dataset was named and the platform has none.
        """
        if self._dataset_id is None:
            datasets = self.get_datasets()
            if not datasets:
                raise NotFoundError("the platform has no dataset yet: call create_dataset() first")
            latest = max(datasets, key=lambda dataset: dataset.last_modified_at)
            warnings.warn(f"no dataset was named: taking {latest.name!r}, which changed last", stacklevel=2)
            self._dataset_id = latest.id
        return self._dataset_id

    @dataset_id.setter
    def dataset_id(self, dataset_id: str) -> None:
        if not self.dataset_exists(dataset_id):
            raise NotFoundError(f"there is no dataset with the id {dataset_id!r}", code="DATASET_UNKNOWN")
        self._use_dataset(dataset_id)

    def get_datasets(self, shared: bool | None = False) -> list[DatasetData]:
        """All datasets of the platform, oldest first.

        Args:
            shared: False: one's own; True: those shared with one; None: both.
        """
        flags = (False, True) if shared is None else (shared,)
        return [dataset for flag in flags for dataset in self._datasets(shared=flag)]

    def dataset_exists(self, dataset_id: str) -> bool:
        """Whether there is a dataset with this id."""
        try:
            parse(DatasetData, self.transport.get(f"/v1/datasets/{dataset_id}"))
        except (NotFoundError, InvalidInputError):  # an id that has not the form of one is answered 422
            return False
        return True

    def get_filenames(self) -> list[str]:
        """File names of all samples, in the order of the bits of a tag."""
        return list(self.transport.get(self._at("mappings"), field="fileName"))

    @property
    def filenames_on_server(self) -> list[str]:
        """The older spelling of `get_filenames`."""
        return self.get_filenames()

    def _datasets(self, *, shared: bool) -> list[DatasetData]:
        datasets: list[DatasetData] = []
        while True:
            query = {"shared": str(shared), "pageSize": _PAGE, "pageOffset": len(datasets)}
            page = parse_list(DatasetData, self.transport.get("/v1/datasets", **query))
            datasets += page
            if len(page) < _PAGE:
                return datasets

    def _use_dataset(self, dataset_id: str | None) -> None:
        # An embedding belongs to one dataset; the newest of the new one is looked up when it is needed.
        if dataset_id != self._dataset_id:
            self.embedding_id = None
        self._dataset_id = dataset_id

    def _at(self, *parts: str) -> str:
        return "/".join([f"/v1/datasets/{self.dataset_id}", *parts])

"""Sharing datasets with other users of the platform, and what was changed by whom."""

from urllib.parse import quote

from lightly_ray.api.base import ClientBase
from lightly_ray.api.models import ChangeData, ShareData, parse, parse_list


class SharingMixin(ClientBase):
    """The part of `ApiWorkflowClient` that shares datasets."""

    def share_dataset(self, user: str, *, writes: bool = False) -> ShareData:
        """Let another user see the current dataset, or change how that is.

        Args:
            user: the name.
            writes: whether that user may change it too.

        Raises:
            NotFoundError: there is no such user.
            AuthenticationError: the dataset is not one's own (FORBIDDEN).
        """
        return parse(ShareData, self.transport.put(self._share(user), {"writes": writes}))

    def unshare_dataset(self, user: str) -> None:
        """Let another user see the current dataset no longer.

        Raises:
            NotFoundError: it is not shared with that user.
            AuthenticationError: the dataset is not one's own (FORBIDDEN).
        """
        self.transport.delete(self._share(user))

    def get_shares(self) -> list[ShareData]:
        """With whom the current dataset is shared.

        Raises:
            AuthenticationError: the dataset is not one's own (FORBIDDEN).
        """
        return parse_list(ShareData, self.transport.get(f"/v1/datasets/{self.dataset_id}/shares"))

    def get_changes(self, *, before: str | None = None, n: int = 100) -> list[ChangeData]:
        """What was changed in the current dataset, by whom and when, the newest first.

        Args:
            before: the id of the last one that is known already.
            n: how many at most, 1 to 1000.
        """
        query = {"datasetId": self.dataset_id, "before": before, "pageSize": n}
        return parse_list(ChangeData, self.transport.get("/v1/audit", **query))

    def _share(self, user: str) -> str:
        return f"/v1/datasets/{self.dataset_id}/shares/{quote(user, safe='')}"

"""`ApiWorkflowClient`: datasets, uploads, embeddings, tags, selections, downloads and exports over HTTP.

Each part has a file of its own, named as users import it; this one only joins them:

    api_workflow_datasets           find, create, choose, delete datasets
    api_workflow_upload_dataset     images, in batches (upload_batches)
    api_workflow_upload_metadata    own metadata of samples
    api_workflow_upload_embeddings  embeddings from arrays or CSV
    api_workflow_tags               tags and their arithmetics
    api_workflow_selection          scores, selections, jobs
    api_workflow_evaluation         predictions of models, and how good they are
    api_workflow_labels             labels that come back from labelling tools
    api_workflow_download_dataset   images of a tag
    api_workflow_export             what labelling tools read
    api_workflow_report             what a selection has come to
    api_workflow_sharing            datasets shared with other users; who changed what
    transport, models, base         requests and retries, answers, shared state
"""

import os
from urllib.parse import urlencode

from lightly_ray.api.api_workflow_datasets import DatasetsMixin
from lightly_ray.api.api_workflow_download_dataset import DownloadMixin
from lightly_ray.api.api_workflow_evaluation import EvaluationMixin
from lightly_ray.api.api_workflow_export import ExportMixin
from lightly_ray.api.api_workflow_labels import LabelsMixin
from lightly_ray.api.api_workflow_report import ReportMixin
from lightly_ray.api.api_workflow_sharing import SharingMixin
from lightly_ray.api.api_workflow_upload_dataset import UploadMixin
from lightly_ray.api.transport import Transport
from lightly_ray.errors import ApiError, AuthenticationError

DEFAULT_SERVER = "http://127.0.0.1:8000"


class ApiWorkflowClient(
    DatasetsMixin, UploadMixin, EvaluationMixin, DownloadMixin, ExportMixin, LabelsMixin, ReportMixin, SharingMixin
):
    """The client of the platform. Construction sends nothing; it may be pickled, and shared by threads.

    Args:
        token: of the platform; `LIGHTLY_TOKEN` by default.
        dataset_id: the current dataset; by default the one that changed last, when one is needed.
        embedding_id: the embedding for selections; by default the newest of the dataset.
        server: base URL of the platform; `LIGHTLY_SERVER_LOCATION` by default, else http://127.0.0.1:8000.
        show_progress: show on standard error how far uploads, downloads and long selections are.

    Raises:
        AuthenticationError: there is no token.
        InvalidInputError: ``server`` is no URL.
    """

    def __init__(
        self,
        token: str | None = None,
        dataset_id: str | None = None,
        embedding_id: str | None = None,
        *,
        server: str | None = None,
        show_progress: bool = True,
    ) -> None:
        token = token or os.environ.get("LIGHTLY_TOKEN")
        if not token:
            raise AuthenticationError(
                "the platform wants a token: pass token=... or set LIGHTLY_TOKEN "
                "(`lightly-ray serve` keeps one in its data folder, in the file admin-token)"
            )
        location = server or os.environ.get("LIGHTLY_SERVER_LOCATION") or DEFAULT_SERVER
        super().__init__(Transport(location, token.strip()), dataset_id, embedding_id, show_progress=show_progress)

    @property
    def server(self) -> str:
        """Base URL of the platform."""
        return self.transport.server

    def web_address(self, dataset_id: str | None = None) -> str:
        """Where a browser finds the platform's web app, signed in: the link works once, within 15 minutes.

        Args:
            dataset_id: whose page opens; by default the current dataset's, or the list where there is none.

        Raises:
            NotFoundError: the platform has no web app yet.
            AuthenticationError: the token is wrong.
        """
        shown = dataset_id or self._dataset_id
        query = {"code": self._code()} | ({"next": f"/datasets/{shown}"} if shown else {})
        return f"{self.server}/#/sign-in?{urlencode(query, safe='/')}"

    def _code(self) -> str:
        answer = self.transport.post("/app/session/code", repeat=True)
        if not isinstance(answer, dict) or not isinstance(answer.get("code"), str):
            raise ApiError("the platform answered without a code for the web app")
        return str(answer["code"])

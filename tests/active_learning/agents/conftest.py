"""A dataset that an agent can query."""

import pytest

from lightly_ray.api import ApiWorkflowClient
from tests.active_learning.agents.queried import VECTORS


@pytest.fixture
def ready(uploaded: ApiWorkflowClient) -> ApiWorkflowClient:
    """A client whose dataset has images and embeddings."""
    uploaded.upload_embeddings_from_arrays(uploaded.get_filenames(), VECTORS)
    return uploaded

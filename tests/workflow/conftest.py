"""What workflows are tried with."""

from collections.abc import Iterator

import pytest

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.platform.embedded import EmbeddedPlatform


@pytest.fixture
def named_client(live_platform: EmbeddedPlatform, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiWorkflowClient]:
    """A client of the running platform, which the environment names too; it has no dataset."""
    monkeypatch.setenv("LIGHTLY_TOKEN", live_platform.token)
    monkeypatch.setenv("LIGHTLY_SERVER_LOCATION", live_platform.url)
    fresh = ApiWorkflowClient(show_progress=False)
    yield fresh
    fresh.transport.close()

"""The platform that was named, or one of one's own that lives as long as the work."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.platform.embedded import EmbeddedPlatform


@contextmanager
def chosen_platform(
    client: ApiWorkflowClient | None, data_dir: Path, port: int = 0
) -> Iterator[tuple[ApiWorkflowClient, str]]:
    """A client, and a line that says how to open afterwards what it made.

    Args:
        client: of the platform that was named; None: one is started.
        data_dir: where the one that is started keeps its data.
        port: where it listens; 0: any free one.
    """
    if client is not None:
        yield client, f"the dataset is on {client.server}"
        return
    with EmbeddedPlatform(data_dir, port=port) as platform:
        yield (
            ApiWorkflowClient(platform.token, server=platform.url),
            f"dataset and tags are kept; to open them again: {platform.serve_command}",
        )

"""The platform that was named, or one of one's own that lives as long as the work."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.errors import LightlyRayError
from lightly_ray.platform.embedded import EmbeddedPlatform


@contextmanager
def chosen_platform(
    client: ApiWorkflowClient | None, data_dir: Path, port: int = 0
) -> Iterator[tuple[ApiWorkflowClient, Callable[[], str]]]:
    """A client, and what to call at the end of the work for a line that says how to open what it made.

    Args:
        client: of the platform that was named; None: one is started.
        data_dir: where the one that is started keeps its data.
        port: where it listens; 0: any free one.
    """
    if client is not None:
        yield client, partial(_link, client)
        return
    with EmbeddedPlatform(data_dir, port=port) as platform:
        line = f"dataset and tags are kept; to open them again: {platform.serve_command}"
        yield ApiWorkflowClient(platform.token, server=platform.url), lambda: line


def _link(client: ApiWorkflowClient) -> str:
    try:
        return f"open the dataset: {client.web_address()}"
    except LightlyRayError as error:  # the work is done and kept: a platform without a link does not undo that
        return f"the dataset is on {client.server} (without a link: {error})"

"""Which samples have a label on the platform."""

from typing import TYPE_CHECKING

from lightly_ray.errors import NotFoundError

if TYPE_CHECKING:
    from lightly_ray.api.api_workflow_client import ApiWorkflowClient


def labelled_names(client: "ApiWorkflowClient", source: str | None) -> set[str]:
    """File names of the samples that a source has labelled, any source where it is None.

    Raises:
        NotFoundError: there is no such source.
    """
    sources = [it.source for it in client.label_sources()]
    if source is not None and source not in sources:
        have = ", ".join(map(repr, sources)) or "none"
        raise NotFoundError(f"there are no labels of the source {source!r}; sources: {have}", code="LABELS_UNKNOWN")
    asked = sources if source is None else [source]
    return {name for one in asked for name in client.labels(one).table["filename"].to_pylist()}

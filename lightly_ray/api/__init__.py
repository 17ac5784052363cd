"""The HTTP client of the platform: `from lightly_ray.api import ApiWorkflowClient`."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lightly_ray.api.api_workflow_client import ApiWorkflowClient

__all__ = ["ApiWorkflowClient"]


def __getattr__(name: str) -> Any:
    """The client is loaded when it is first used: the platform, which needs models of this package, does without."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("lightly_ray.api.api_workflow_client"), name)

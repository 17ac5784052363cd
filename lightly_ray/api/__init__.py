"""The HTTP client of the platform: `from lightly_ray.api import ApiWorkflowClient`."""

from lightly_ray.api.api_workflow_client import ApiWorkflowClient

__all__ = ["ApiWorkflowClient"]

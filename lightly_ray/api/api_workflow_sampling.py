"""The older module path of selections."""

from lightly_ray.api.api_workflow_selection import SelectionMixin as SamplingPart

__all__ = ["SamplingPart"]

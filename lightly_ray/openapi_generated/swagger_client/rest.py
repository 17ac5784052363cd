"""`ApiException`, the name under which users catch what the platform refused: any deliberate error of ours."""

from lightly_ray.errors import LightlyRayError as ApiException

__all__ = ["ApiException"]

"""Names that users import from here: the selection methods and the error of a refused request."""

from lightly_ray.active_learning.config.sampling_method import SamplingMethod
from lightly_ray.openapi_generated.swagger_client.rest import ApiException

__all__ = ["ApiException", "SamplingMethod"]

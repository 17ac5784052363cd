"""Names that users import from here."""

from lightly_ray.active_learning.config.sampling_method import SamplingMethod

__all__ = ["SamplingMethod"]

"""The deep path of `SamplingMethod`."""

from lightly_ray.active_learning.config.sampling_method import SamplingMethod

__all__ = ["SamplingMethod"]

"""The selection methods under the path that users know."""

from lightly_ray.methods import SamplingMethod

__all__ = ["SamplingMethod"]

"""`SamplerConfig` under the path that users know."""

from lightly_ray.sampler_config import SamplerConfig

__all__ = ["SamplerConfig"]

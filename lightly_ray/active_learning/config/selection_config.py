"""Later names of `SamplerConfig`: published clients of 1.2.14 and on say `SelectionConfig`."""

from lightly_ray.active_learning.config.sampler_config import SamplerConfig

SelectionConfig = SamplerConfig
SamplingConfig = SamplerConfig

__all__ = ["SamplingConfig", "SelectionConfig"]

"""What to ask of one query: `SamplerConfig`, also called `SelectionConfig`, and `SamplingMethod`."""

from lightly_ray.active_learning.config.sampler_config import SamplerConfig
from lightly_ray.active_learning.config.sampling_method import SamplingMethod
from lightly_ray.active_learning.config.selection_config import SelectionConfig

__all__ = ["SamplerConfig", "SamplingMethod", "SelectionConfig"]

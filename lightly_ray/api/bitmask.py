"""The module path under which users know `BitMask`."""

from lightly_ray.tags import BitMask

__all__ = ["BitMask"]

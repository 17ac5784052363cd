"""The module path under which users know `BitMask`."""

from lightly_ray.bitmask import BitMask

__all__ = ["BitMask"]

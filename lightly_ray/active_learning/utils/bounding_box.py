"""A box in an image, in coordinates relative to the image."""

from math import isnan
from typing import Self

from lightly_ray.errors import InvalidInputError


class BoundingBox:
    """A box from (x0, y0) to (x1, y1), relative to the width and height of the image.

    Args:
        x0: left, in [0, 1].
        y0: top, in [0, 1].
        x1: right, in [0, 1], larger than x0.
        y1: bottom, in [0, 1], larger than y0.
        clip_values: cut coordinates outside [0, 1] to it; False makes them an error.

    Raises:
        InvalidInputError: the box is empty, has a NaN, or leaves the image and is not clipped.

    Example:
        >>> box = BoundingBox(10 / 100, 20 / 100, 30 / 100, 60 / 100)  # pixels of a 100 x 100 image
        >>> round(box.area, 6)
        0.08
    """

    def __init__(self, x0: float, y0: float, x1: float, y1: float, clip_values: bool = True) -> None:
        corners = (x0, y0, x1, y1)
        if clip_values and not any(map(isnan, corners)):
            x0, y0, x1, y1 = (min(1, max(0, value)) for value in corners)
        if not all(0 <= value <= 1 for value in (x0, y0, x1, y1)):
            raise InvalidInputError(
                f"box coordinates must be relative to the size of the image, in [0, 1], got {corners}"
            )
        if x0 >= x1 or y0 >= y1:
            raise InvalidInputError(f"a box needs x0 < x1 and y0 < y1 inside the image, got {corners}")
        self.x0, self.y0, self.x1, self.y1 = x0, y0, x1, y1

    @classmethod
    def from_x_y_w_h(cls, x: float, y: float, w: float, h: float) -> Self:
        """A box from its upper left corner, width and height."""
        return cls(x, y, x + w, y + h)

    @classmethod
    def from_yolo_label(cls, x_center: float, y_center: float, w: float, h: float) -> Self:
        """A box from its center, width and height, as YOLO writes them."""
        return cls(x_center - w / 2, y_center - h / 2, x_center + w / 2, y_center + h / 2)

    @property
    def width(self) -> float:
        """Width relative to that of the image."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Height relative to that of the image."""
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        """Area relative to that of the image."""
        return self.width * self.height

    def __repr__(self) -> str:
        return f"BoundingBox({self.x0}, {self.y0}, {self.x1}, {self.y1})"

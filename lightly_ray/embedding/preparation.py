"""Pixels as a network wants them: resized to its square, scaled, colours first."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

Colour = tuple[float, float, float]


def square_of(image: Image.Image, side: int) -> NDArray[np.uint8]:
    """Pixels (side, side, 3) of an image in the mode RGB, whatever its shape."""
    # A gap of 2 shrinks large images by whole numbers first: quick, and nearly what a filter over all pixels gives.
    return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR, reducing_gap=2.0))


class Preparation(BaseModel):
    """How pixels are prepared.

    Attributes:
        side: pixels of the square that images are resized to, whatever their shape.
        mean: of each colour, of values 0 to 1; subtracted.
        std: of each colour; divided by.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    side: int = Field(ge=1, le=4096)
    mean: Colour
    std: Colour

    def __call__(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Images in the mode RGB, of any sizes -> (n, 3, side, side) float32 = (value / 255 - mean) / std."""
        result = np.empty((len(images), 3, self.side, self.side), np.float32)
        for planes, image in zip(result, images, strict=True):
            square = square_of(image, self.side)
            for colour, (mean, std) in enumerate(zip(self.mean, self.std, strict=True)):
                np.multiply(square[..., colour], np.float32(1 / (255 * std)), out=planes[colour])
                planes[colour] -= np.float32(mean / std)
        return result


IMAGENET_MEAN: Colour = (0.485, 0.456, 0.406)
IMAGENET_STD: Colour = (0.229, 0.224, 0.225)

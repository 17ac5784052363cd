"""Pixels as a network wants them: resized to its square, scaled, colours first."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

Colour = tuple[float, float, float]


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

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Images (H, W, 3) uint8 of any sizes -> (n, 3, side, side) float32 = (value / 255 - mean) / std."""
        scale = np.array([1 / (255 * std) for std in self.std], np.float32)
        shift = np.array([-mean / std for mean, std in zip(self.mean, self.std, strict=True)], np.float32)
        squares = np.stack([self._resized(pixels) for pixels in images])
        return np.ascontiguousarray((squares * scale + shift).transpose(0, 3, 1, 2))

    def _resized(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        # A gap of 2 shrinks large images by whole numbers first: quick, and nearly what a filter over all pixels gives.
        image = Image.fromarray(pixels)
        return np.asarray(image.resize((self.side, self.side), Image.Resampling.BILINEAR, reducing_gap=2.0))


IMAGENET_MEAN: Colour = (0.485, 0.456, 0.406)
IMAGENET_STD: Colour = (0.229, 0.224, 0.225)

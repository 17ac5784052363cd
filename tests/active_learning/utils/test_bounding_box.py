from typing import Any

import pytest

from lightly_ray.active_learning.utils import BoundingBox
from lightly_ray.errors import InvalidInputError

NAN = float("nan")


def _corners(box: BoundingBox) -> list[float]:
    return [box.x0, box.y0, box.x1, box.y1]


def test_bounding_box__size() -> None:
    box = BoundingBox(0.125, 0.25, 0.375, 1)
    assert (box.width, box.height, box.area) == (0.25, 0.75, 0.1875)
    assert repr(box) == "BoundingBox(0.125, 0.25, 0.375, 1)"


def test_bounding_box__other_ways_to_say_it() -> None:
    assert _corners(BoundingBox.from_x_y_w_h(0.125, 0.25, 0.5, 0.625)) == [0.125, 0.25, 0.625, 0.875]
    assert _corners(BoundingBox.from_yolo_label(0.5, 0.375, 0.25, 0.5)) == [0.375, 0.125, 0.625, 0.625]


def test_bounding_box__is_cut_to_the_image() -> None:
    assert _corners(BoundingBox(-0.5, 0.25, 1.5, 2)) == [0, 0.25, 1, 1]
    assert _corners(BoundingBox.from_yolo_label(0, 1, 0.5, 0.5)) == [0, 0.75, 0.25, 1]


@pytest.mark.parametrize("corners", [(-0.5, 0, 1, 1), (0, -0.5, 1, 1), (0, 0, 1.5, 1), (0, 0, 1, 1.5)])
def test_bounding_box__leaves_the_image_unclipped(corners: Any) -> None:
    x0, y0, x1, y1 = corners
    with pytest.raises(InvalidInputError, match="relative to the size of the image"):
        BoundingBox(x0, y0, x1, y1, clip_values=False)


@pytest.mark.parametrize("corners", [(0.5, 0, 0.25, 1), (0, 0.5, 1, 0.25), (0.5, 0, 0.5, 1), (20, 30, 100, 200)])
def test_bounding_box__is_empty(corners: Any) -> None:
    with pytest.raises(InvalidInputError, match="x0 < x1 and y0 < y1"):
        BoundingBox(*corners)


@pytest.mark.parametrize("place", range(4))
def test_bounding_box__nan(place: int) -> None:
    corners: Any = [0.0, 0.0, 1.0, 1.0]
    corners[place] = NAN
    with pytest.raises(InvalidInputError, match="nan"):
        BoundingBox(*corners)

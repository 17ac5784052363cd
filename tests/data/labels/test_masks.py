"""Run lengths of masks, against hand-worked cases and a version too slow to be wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lightly_ray.data.labels import label_studio_rle, masks
from lightly_ray.errors import InvalidInputError, TooLargeError

PIXELS = hnp.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 70)))


def test_packed__by_hand() -> None:
    pixels = np.array([[0, 1, 0], [1, 1, 0]], dtype=bool)
    assert masks.packed(pixels) == {"height": 2, "width": 3, "counts": [1, 3, 2]}
    assert masks.packed(~pixels)["counts"] == [0, 1, 3, 2]
    assert masks.coco_counts("132", "x") == [1, 3, 2]
    assert masks.box_of(pixels) == (0, 0, 2, 2)
    assert masks.box_of(np.zeros((2, 3), dtype=bool)) == (0, 0, 0, 0)


@given(PIXELS)
def test_unpacked__brings_it_back(pixels: np.ndarray) -> None:
    np.testing.assert_array_equal(masks.unpacked(masks.packed(pixels), "x"), pixels)
    height, width = pixels.shape
    rle = label_studio_rle.encode(pixels)
    assert all(0 <= byte < 256 for byte in rle)
    np.testing.assert_array_equal(label_studio_rle.decode(rle, height, width, "x"), pixels)


def test_decode__single_values_and_other_sizes() -> None:
    """As a brush of the tool itself writes it: 2 x 1 pixels, values one by one, the colour beside the last channel."""
    bits = f"{8:032b}{7:05b}{2:04b}{3:04b}{7:04b}{15:04b}"
    bits += "0" + "00" + f"{7:03b}" + "".join(f"{value:08b}" for value in (9, 9, 9, 0, 0, 0, 0, 200))
    bits += "0" * (-len(bits) % 8)
    rle = list(int(bits, 2).to_bytes(len(bits) // 8, "big"))
    np.testing.assert_array_equal(label_studio_rle.decode(rle, 1, 2, "x"), [[False, True]])


def test_masks__too_large_or_of_another_image() -> None:
    with pytest.raises(TooLargeError, match="a mask has 10,000,000,000 pixels"):
        masks.bits_of([1], 10**10, "x")
    with pytest.raises(InvalidInputError, match="x: the runs of a mask are 3 pixels long, they must be 4"):
        masks.bits_of([1, 2], 4, "x")
    with pytest.raises(InvalidInputError, match="a mask has 8 values, 3 x 1 pixels have four each"):
        label_studio_rle.decode(label_studio_rle.encode(np.ones((1, 2), dtype=bool)), 1, 3, "x")

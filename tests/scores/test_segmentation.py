import numpy as np

from lightly_ray.data.predictions.ragged import Ragged
from lightly_ray.scores.segmentation import pixel_uncertainties


def test_pixel_uncertainties__by_hand() -> None:
    # Four pixels: certain, undecided, and two with a half and two quarters.
    pixels = np.array([[0, 1, 0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.25, 0.25], [0.25, 0.5, 0.25]])
    found = pixel_uncertainties(Ragged.from_matrix(pixels))
    np.testing.assert_allclose(found["uncertainty_least_confidence"], (0 + 1 + 0.75 + 0.75) / 4)
    np.testing.assert_allclose(found["uncertainty_margin"], (0 + 1 + 0.75 + 0.75) / 4)
    np.testing.assert_allclose(found["uncertainty_entropy"], (0 + 1 + 2 * 1.5 / np.log2(3)) / 4)


def test_pixel_uncertainties__keeps_float32() -> None:
    found = pixel_uncertainties(Ragged.from_matrix(np.full((5, 2), 0.5, np.float32)))
    assert {scores.dtype for scores in found.values()} == {np.dtype(np.float32)}

"""The exact distance has the bits of the NumPy expression that defines it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from lightly_ray.errors import InvalidInputError
from lightly_ray.selection.distance import distances, require_range, summation_plan

LENGTHS = [*range(1, 40), 127, 128, 129, 135, 136, 137, 255, 256, 257, 383, 384, 512, 768, 1000, 1024, 1537, 2049]


def by_numpy(rows: NDArray[np.floating], center: NDArray[np.floating]) -> NDArray[np.float64]:
    squares = np.square(rows.astype(np.float64) - center.astype(np.float64))
    return np.asarray(np.sqrt(squares.sum(axis=1)))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("dimensions", LENGTHS)
def test_distances__have_the_bits_of_numpy(dtype: type[np.floating], dimensions: int) -> None:
    rng = np.random.default_rng(dimensions)
    rows, center = rng.normal(size=(19, dimensions)).astype(dtype), rng.normal(size=dimensions).astype(dtype)
    expected = by_numpy(rows, center)
    np.testing.assert_array_equal(distances(rows, center), expected)
    np.testing.assert_array_equal(distances(rows[3:4], center), expected[3:4])
    np.testing.assert_array_equal(distances(rows[::2], center), expected[::2])


def test_distances__by_hand() -> None:
    rows = np.array([[3, 4], [0, 0], [-5, 12]], np.float16)
    assert distances(rows, np.zeros(2, np.float16)).tolist() == [5, 0, 13]


def test_distances__of_read_only_rows() -> None:
    rows = np.eye(3, dtype=np.float32)
    rows.flags.writeable = False
    assert distances(rows, rows[0]).tolist() == [0, np.sqrt(2.0), np.sqrt(2.0)]


def test_summation_plan__adds_up_every_leaf() -> None:
    for dimensions in LENGTHS:
        plan = summation_plan(dimensions)
        assert plan[:, 1].sum() == dimensions
        assert plan[:, 2].sum() == len(plan) - 1
        assert (plan[:, 1] <= 128).all()


def test_require_range__names_the_row() -> None:
    rows = np.ones((7, 3))
    rows[5, 1] = -1e154
    with pytest.raises(InvalidInputError, match="row 5"):
        require_range(rows)


def test_require_range__accepts_what_cannot_overflow() -> None:
    require_range(np.full((2, 4), np.finfo(np.float32).max, np.float32))
    rows = np.array([[3.3e153, 1, 2, 3], [-3.3e153, 1, 2, 3]])
    require_range(rows)
    assert np.isfinite(distances(rows, rows[0])).all()
    require_range(np.empty((0, 4)))

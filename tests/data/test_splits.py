"""Which samples are held out by their names."""

import hashlib

import numpy as np
import pytest

from lightly_ray.data.splits import is_validation

NAMES = [f"folder {number % 7}/{number}.jpg" for number in range(4000)]


def test_is_validation__by_hand() -> None:
    key = int.from_bytes(hashlib.blake2b(b"validation/a.jpg", digest_size=8).digest())
    share = key / 2**64
    assert is_validation(["a.jpg"], share * 1.0001).tolist() == [True]
    assert is_validation(["a.jpg"], share * 0.9999).tolist() == [False]


def test_is_validation__is_of_the_name_alone() -> None:
    whole = is_validation(NAMES)
    np.testing.assert_array_equal(is_validation(NAMES[::-1])[::-1], whole)
    np.testing.assert_array_equal(np.concatenate([is_validation(NAMES[:9]), is_validation(NAMES[9:])]), whole)
    assert whole.mean() == pytest.approx(0.1, abs=0.02)
    assert not (whole & ~is_validation(NAMES, 0.2)).any()  # a larger share holds the smaller one


def test_is_validation__of_nothing() -> None:
    assert is_validation([]).tolist() == []

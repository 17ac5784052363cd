"""The draw depends on seed and id alone."""

import hashlib

import numpy as np

from lightly_ray.selection.random_draw import random_keys, smallest

IDS = [f"images/{number}.jpg" for number in range(57)]


def test_random_keys__as_defined() -> None:
    digest = hashlib.blake2b(b"7/images/3.jpg", digest_size=8).digest()
    assert random_keys(IDS, 7)[3] == int.from_bytes(digest, "big")
    assert random_keys([3], 0)[0] == random_keys(["3"], 0)[0]


def test_random_keys__of_parts_are_parts_of_the_keys() -> None:
    np.testing.assert_array_equal(random_keys(IDS[11:23], 5), random_keys(IDS, 5)[11:23])


def test_random_keys__of_nothing() -> None:
    assert random_keys([], 0).shape == (0,)


def test_smallest__is_a_full_sort() -> None:
    keys = random_keys(IDS, 1)
    for count in (0, 1, 13, 57, 60):
        assert smallest(keys, count).tolist() == sorted(range(57), key=lambda i: keys[i])[:count]


def test_smallest__lowest_position_of_equals() -> None:
    keys = np.array([5, 2, 2, 9, 2], np.uint64)
    assert smallest(keys, 2).tolist() == [1, 2]


def test_smallest__every_row_is_as_likely() -> None:
    counts = np.zeros(len(IDS))
    for seed in range(400):
        counts[smallest(random_keys(IDS, seed), 19)] += 1
    # Binomial with mean 133 and standard deviation 9.4: five of those on either side.
    assert abs(counts - 400 / 3).max() < 47

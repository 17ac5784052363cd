"""Class balance beside random draws."""

import numpy as np

from lightly_ray.report.classes import UNKNOWN, balance, labels_per_class

# Ten samples: six cats, three dogs, one bird; a pool without row 9.
CODES = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 2])
NAMES = ["cat", "dog", "bird", "nobody"]


def test_balance__by_hand() -> None:
    told = balance(CODES, NAMES, np.arange(9), np.array([0, 6, 7, 8]))
    assert [(one["name"], one["chosen"], one["pool"]) for one in told["classes"]] == [("cat", 1, 6), ("dog", 3, 3)]
    assert (told["unknown"], told["pool_known"]) == (0, 9)
    cat, dog = (one["compared"] for one in told["classes"])
    assert (cat["low"] + dog["high"], cat["high"] + dog["low"]) == (4, 4)  # draws of four out of two classes
    assert 0 <= dog["low"] <= dog["mean"] <= dog["high"] <= 3
    entropy = -(0.25 * np.log2(0.25) + 0.75 * np.log2(0.75))
    assert np.isclose(told["evenness"]["chosen"], entropy, atol=1e-4)


def test_balance__of_a_pool_that_is_known_in_part_claims_nothing() -> None:
    codes = CODES.copy()
    codes[[2, 6]] = UNKNOWN
    told = balance(codes, NAMES, np.arange(9), np.array([0, 6, 7]))
    assert "evenness" not in told
    assert all("compared" not in one for one in told["classes"])
    assert (told["unknown"], told["pool_known"]) == (1, 7)


def test_balance__draws_are_the_same_again() -> None:
    again = [balance(CODES, NAMES, np.arange(10), np.array([1, 2])) for _ in range(2)]
    assert again[0] == again[1]


def test_labels_per_class() -> None:
    assert labels_per_class(CODES, NAMES, np.array([5, 6, 9])) == {"cat": 1, "dog": 1, "bird": 1}

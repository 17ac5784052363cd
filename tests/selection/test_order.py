"""One order for all: key descending, row ascending."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lightly_ray.selection.order import NOTHING, best, by_score, in_order, top

some_keys = st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, np.inf]), max_size=30)


@given(keys=some_keys, count=st.integers(0, 35))
def test_top__are_the_first_of_a_full_sort(keys: list[float], count: int) -> None:
    array = np.array(keys, np.float64)
    expected = sorted(sorted(range(len(keys)), key=lambda i: (-keys[i], i))[:count])
    assert top(array, count).tolist() == expected


@given(keys=some_keys, count=st.integers(0, 35))
def test_by_score__is_a_full_sort(keys: list[float], count: int) -> None:
    expected = sorted(range(len(keys)), key=lambda i: (-keys[i], i))[:count]
    assert by_score(np.array(keys, np.float64), count).tolist() == expected


def test_top__takes_the_lowest_of_equals() -> None:
    assert top(np.array([1.0, 3, 1, 2, 1, 1]), 4).tolist() == [0, 1, 2, 3]


def test_best__lowest_row_of_equals() -> None:
    assert best(np.array([1.0, 4, 4]), np.array([10, 20, 30])) == (4, 20)
    assert best(np.empty(0), np.empty(0, np.int64)) == NOTHING


def test_in_order__key_first_then_row() -> None:
    items = [(1.0, 2), (3.0, 9), (3.0, 4), NOTHING]
    assert max(items, key=in_order) == (3.0, 4)
    assert max([(0.0, 5), NOTHING], key=in_order) == (0.0, 5)

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lightly_ray.data.predictions.ragged import Ragged, fold

LISTS = st.lists(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), max_size=3), max_size=6)


def _rows(lists: list[list[float]]) -> Ragged:
    return Ragged.from_lengths(np.array([x for one in lists for x in one]), np.array([len(one) for one in lists], int))


def _lists(rows: Ragged) -> list[list[float]]:
    return [rows.row(row).tolist() for row in range(len(rows))]


def test_rows__of_a_matrix_copy_nothing() -> None:
    matrix = np.arange(6.0).reshape(3, 2)
    rows = Ragged.from_matrix(matrix)
    assert rows.values.base is matrix or rows.values.base is matrix.base
    assert _lists(rows) == [[0, 1], [2, 3], [4, 5]]
    assert rows.lengths.tolist() == [2, 2, 2]


@given(LISTS)
def test_rows__from_lengths_are_the_lists(lists: list[list[float]]) -> None:
    assert _lists(_rows(lists)) == lists


@given(LISTS)
def test_with_complement__single_numbers_get_a_second(lists: list[list[float]]) -> None:
    expected = [[*one, 1 - one[0]] if len(one) == 1 else one for one in lists]
    assert _lists(_rows(lists).with_complement()) == expected


def test_with_complement__copies_nothing_where_no_row_is_single() -> None:
    rows = _rows([[0.5, 0.5], []])
    assert rows.with_complement() is rows


def test_fold__the_largest_code_of_each_group() -> None:
    codes = np.array([0, 3, 2, 0, 0, 1, 4], dtype=np.int8)
    assert fold(codes, np.array([0, 3, 3, 5, 7])).tolist() == [3, 0, 0, 4]
    assert fold(codes[:0], np.array([0, 0])).tolist() == [0]

"""The reference, by hand: a line that anyone can follow."""

import numpy as np

from lightly_ray.selection.reference import sequential

LINE = np.array([[0], [1], [10], [4], [10]], np.float32)


def test_sequential__by_hand() -> None:
    picks = sequential(LINE, 5, first=0)
    assert picks.rows.tolist() == [0, 2, 3, 1, 4]
    assert picks.gains.tolist() == [np.inf, 10, 4, 1, 0]


def test_sequential__preselected_repel() -> None:
    picks = sequential(LINE, 2, centers=np.array([[9]], np.float32))
    assert picks.rows.tolist() == [0, 3]
    assert picks.gains.tolist() == [9, 4]


def test_sequential__coral_by_hand() -> None:
    picks = sequential(LINE, 3, scores=np.array([0.1, 0.5, 0.5, 1.0, 0.25]))
    assert picks.rows.tolist() == [3, 2, 1]  # score 1; 6 x 0.5 = 3; 3 x 0.5 beats 4 x 0.1
    assert picks.gains.tolist() == [np.inf, 3, 1.5]


def test_sequential__scores_of_zero_come_last_lowest_row_first() -> None:
    picks = sequential(LINE, 5, scores=np.array([0, 0.5, 0, 0, 0]))
    assert picks.rows.tolist() == [1, 0, 2, 3, 4]


def test_sequential__min_distance_stops() -> None:
    assert sequential(LINE, 5, first=0, min_distance=4).rows.tolist() == [0, 2, 3]
    assert sequential(LINE, 5, first=0, min_distance=4.5).rows.tolist() == [0, 2]

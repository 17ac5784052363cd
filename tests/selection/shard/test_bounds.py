"""Which rows stand above a threshold, and the first of those that do not."""

import numpy as np
import pytest

from lightly_ray.selection.shard import bounds as module
from lightly_ray.selection.shard.bounds import Bounds


def known(near: list[float], scores: list[float] | None = None, min_distance: float = 0.0) -> Bounds:
    bounds = Bounds(len(near), None if scores is None else np.array(scores), min_distance)
    bounds.begin()
    bounds.upper[:] = near
    return bounds


@pytest.mark.parametrize("size", [2, 3, 100])
def test_above__the_lowest_row_of_equals_is_left_over(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SLICE", size)
    rows, rest = known([0.5, 3, -1, 1, 2, 1, 1, 3]).above(2.0)
    assert rows.tolist() == [1, 4, 7]
    assert rest == (1, 3)
    assert known([3.0, 4.0]).above(2.0)[1] == (-1, -1)


def test_above__by_score_and_beyond_min_distance() -> None:
    bounds = known([1, 4, np.inf, 2, 0.5], scores=[1, 0.25, 0, 1, 9], min_distance=1.0)
    assert bounds.above(1.0)[0].tolist() == [0, 1, 3]
    assert bounds.above(1.0)[1] == (0, 2)  # the last one is too near, whatever its score
    assert bounds.keys(np.arange(5, dtype=np.int32)).tolist() == [1, 1, 0, 2, -1]

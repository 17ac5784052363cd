"""Lists of neighbours against brute force: every center's closest others, however they came in."""

import numpy as np
import pytest

from lightly_ray.selection.screening.full import FullScreen
from lightly_ray.selection.shard.neighbours import LENGTH, Neighbours


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("steps", [(700,), (1, 2, 9, 300, 301, 700)])
def test_learn__lists_the_closest(threads: int, steps: tuple[int, ...]) -> None:
    points = np.random.default_rng(3).standard_normal((700, 20)).astype(np.float32)
    features = FullScreen(points).centers(points)[0]
    neighbours = Neighbours()
    for step in steps:
        neighbours.learn(features[:step], threads)
    exact = np.linalg.norm(points[:, None].astype(float) - points, axis=2)
    np.fill_diagonal(exact, np.inf)
    closest = np.argsort(exact, axis=1)[:, :LENGTH]
    np.testing.assert_array_equal(np.sort(neighbours.lists[:700], axis=1), np.sort(closest, axis=1))


def test_learn__fewer_centers_than_a_list_holds() -> None:
    points = np.random.default_rng(4).standard_normal((3, 20)).astype(np.float32)
    neighbours = Neighbours()
    neighbours.learn(FullScreen(points).centers(points)[0], 2)
    np.testing.assert_array_equal(np.sort(neighbours.lists[:3], axis=1)[:, -2:], [[1, 2], [0, 2], [0, 1]])
    assert (np.sort(neighbours.lists[:3], axis=1)[:, :-2] == -1).all()

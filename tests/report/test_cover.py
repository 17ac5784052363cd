"""Distances of the pool to the selection, batch by batch, against all pairs at once."""

import numpy as np
import pytest

from lightly_ray.report.cover import WITHIN, Nearest, cover, near_duplicates, unit

VECTORS = np.random.default_rng(2).normal(size=(31, 5)).astype(np.float32)


def members(*rows: int) -> np.ndarray:
    mask = np.zeros(31, dtype=bool)
    mask[list(rows)] = True
    return mask


@pytest.mark.parametrize("batch", [1, 4, 31])
@pytest.mark.parametrize("skip_self", [False, True])
def test_nearest__equals_all_pairs(batch: int, skip_self: bool) -> None:
    units = VECTORS.astype(np.float64) / np.linalg.norm(VECTORS.astype(np.float64), axis=1, keepdims=True)
    points, sets = np.array([3, 8, 20]), [[3, 9, 30], [20], []]
    nearest = Nearest(unit(VECTORS[points]), points, [members(*rows) for rows in sets], skip_self=skip_self)
    for start in range(0, 31, batch):
        rows = np.arange(start, min(start + batch, 31))
        nearest.add(rows, unit(VECTORS[rows]))
    for number, of_set in enumerate(sets):
        for place, point in enumerate(points.tolist()):
            pairs = [np.linalg.norm(units[point] - units[row]) for row in of_set if not (skip_self and row == point)]
            assert nearest.distances[number, place] == pytest.approx(min(pairs, default=np.inf), abs=2e-3)


def test_unit__leaves_zero() -> None:
    made = unit(np.array([[3, 4], [0, 0]], dtype=np.float16))
    np.testing.assert_allclose(made, np.array([[0.6, 0.8], [0, 0]]), atol=1e-6)


def test_cover__by_hand() -> None:
    before, after = np.array([1.0, 0.5, 0.9]), np.array([0.3, 0.5, 0.1])
    told = cover(before, after, np.array([[0.3, 0.5, 0.4], [0.6, 0.5, 0.7]]))
    assert (told["mean"]["before"], told["mean"]["after"]) == (0.8, 0.3)
    assert told["mean"]["compared"]["verdict"] == "below"
    assert told["radius"] | {"compared": None} == {"before": 1.0, "after": 0.5, "compared": None}
    assert told["radius"]["compared"]["verdict"] == "within"  # 0.5 is the least of the draws
    bins = told["histogram"]
    assert [sum(bins[key]) for key in ("before", "after")] == [3, 3]
    assert sum(bins["random"]) == pytest.approx(3)
    assert (bins["edges"][0], bins["edges"][-1]) == (0.0, 1.0)


def test_cover__of_a_first_selection_without_draws() -> None:
    told = cover(None, np.array([0.2, 0.4]), np.zeros((0, 2)))
    assert told["mean"] == {"before": None, "after": 0.3}
    assert (told["histogram"]["before"], told["histogram"]["random"]) == (None, None)


def test_near_duplicates__are_scaled_up_to_all_chosen() -> None:
    chosen, draw = np.array([WITHIN, 0.5, 0.7, 2]), np.array([0.01, 0.05, np.inf])
    told = near_duplicates(chosen, [draw], added=40)
    assert (told["looked_at"], told["chosen"]) == (4, 10.0)
    assert told["compared"]["mean"] == 26.667
    assert told["compared"]["verdict"] == "below"
    assert "compared" not in near_duplicates(chosen, [], added=4)

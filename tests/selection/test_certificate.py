"""The certificate against every selection there is."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lightly_ray.selection.certificate import Certificate, certificate
from lightly_ray.selection.choose import Outcome, Task, choose
from lightly_ray.selection.distance import distances
from lightly_ray.selection.protocol import LocalShards
from lightly_ray.selection.shard.shard import Shard


def cover(query: NDArray[np.float32], centers: NDArray[np.float32]) -> float:
    """The largest distance of any query sample to its nearest center."""
    return float(np.min([distances(query, center) for center in centers], axis=0).max())


def optimum(query: NDArray[np.float32], fixed: NDArray[np.float32], picks: int) -> float:
    """The smallest radius of any selection of so many picks beside the fixed ones."""
    return min(
        cover(query, np.concatenate([fixed, query[list(some)]])) for some in combinations(range(len(query)), picks)
    )


def run(query: NDArray[np.float32], fixed: NDArray[np.float32], picks: int, certify: int) -> Outcome:
    shards = LocalShards(
        [Shard(query[::2], np.arange(0, len(query), 2)), Shard(query[1::2], np.arange(1, len(query), 2))]
    )
    task = Task(picks, centers=fixed, first=None if len(fixed) else 0, certify=certify)
    return choose(shards, task)


@given(seed=st.integers(0, 10_000), picks=st.integers(1, 3), fixed=st.integers(0, 2), grid=st.booleans())
@settings(max_examples=60, deadline=None)
def test_certificate__holds_against_brute_force(seed: int, picks: int, fixed: int, grid: bool) -> None:
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 5, (12, 2)) if grid else rng.normal(size=(12, 2))
    query, kept = points[fixed:].astype(np.float32), points[:fixed].astype(np.float32)
    best = optimum(query, kept, picks)
    bounds = []
    for certify in (1, 2, 3, 4):
        outcome = run(query, kept, picks, certify)
        proof = outcome.certificate
        assert proof is not None
        selection = np.concatenate([kept, query[outcome.picks.rows]])
        assert proof.radius == cover(query, selection)
        assert proof.lower_bound <= best <= proof.radius
        bounds.append(proof.lower_bound)
    assert bounds == sorted(bounds)


def test_certificate__by_hand() -> None:
    radii = np.array([np.inf, 8.0, 4.0, 3.9, 3.8, 1.0])
    proof = certificate(radii, 2)
    assert proof.radius == 4
    assert proof.lower_bound == pytest.approx(3.8 * np.sqrt(1 / 3))  # j = 2 beats 4 / 2
    assert certificate(radii[:3], 2) == Certificate(4, 2)
    assert certificate(radii[:3], 2).factor == 2


def test_certificate__of_everything_is_perfect() -> None:
    outcome = run(np.eye(5, dtype=np.float32), np.empty((0, 5), np.float32), 5, 2)
    assert outcome.certificate == Certificate(0, 0)
    assert outcome.certificate.factor == 1


def test_certificate__without_picks_is_the_radius_of_the_preselected() -> None:
    query, fixed = np.array([[1], [3]], np.float32), np.array([[0]], np.float32)
    assert run(query, fixed, 0, 1).certificate == Certificate(3, 3)


def test_certificate__after_min_distance_holds_for_the_size_reached() -> None:
    line = np.array([[0], [1], [10], [4], [10]], np.float32)
    outcome = choose(LocalShards([Shard(line)]), Task(5, first=0, min_distance=4.5))
    assert outcome.picks.rows.tolist() == [0, 2]
    assert outcome.stop_reason == "min_distance"
    assert outcome.certificate == Certificate(4, 2)


def test_certificate__none_for_coral_or_when_not_wanted() -> None:
    line = np.array([[0], [1], [10]], np.float32)
    assert choose(LocalShards([Shard(line)]), Task(2, first=0, certify=0)).certificate is None
    coral = choose(LocalShards([Shard(line, scores=np.ones(3))]), Task(2, coral=True))
    assert coral.certificate is None
    assert coral.stop_reason is None

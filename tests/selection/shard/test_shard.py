"""A shard's state follows from its data and the list of centers, whatever came between."""

import numpy as np
import pytest

from lightly_ray.errors import InvalidInputError, WorkerLostError
from lightly_ray.selection.greedy import MOST_CANDIDATES, Greedy, Steering
from lightly_ray.selection.protocol import LocalShards, Proposal, Request
from lightly_ray.selection.shard.shard import Shard

ROWS = 83
VECTORS = np.random.default_rng(2).standard_normal((ROWS, 7), dtype=np.float32)
NAMES = np.arange(ROWS) * 3 + 5  # rows need not be contiguous


def request(known: int, upto: int, threshold: float = 0.0, limit: int = ROWS) -> Request:
    """The centers from ``known`` on: the first two preselected, the others rows of the shard."""
    rows = np.concatenate([[-1, -1], NAMES[2:upto]])[known:upto]
    return Request(known, VECTORS[known:upto], rows, threshold, limit)


def same(left: Proposal, right: Proposal) -> bool:
    return (
        np.array_equal(left.rows, right.rows)
        and np.array_equal(left.vectors, VECTORS[(left.rows - 5) // 3])
        and np.array_equal(left.vectors, right.vectors)
        and np.array_equal(left.distances, right.distances)
        and left.floor == right.floor
    )


def test_propose__a_repeated_request_changes_nothing() -> None:
    shard = Shard(VECTORS, NAMES)
    shard.propose(request(0, 4))
    once = shard.propose(request(4, 9))
    again = shard.propose(request(4, 9))
    assert same(once, again)
    assert again.pairs == 0  # nothing was learned twice
    assert same(once, shard.propose(request(0, 9)))


def test_propose__a_new_shard_is_brought_up_by_all_centers() -> None:
    old, new = Shard(VECTORS, NAMES), Shard(VECTORS, NAMES)
    for known, upto in ((0, 3), (3, 5), (5, 11)):
        expected = old.propose(request(known, upto, threshold=1.0))
    assert same(expected, new.propose(request(0, 11, threshold=1.0)))


def test_propose__refuses_a_gap() -> None:
    shard = Shard(VECTORS, NAMES)
    shard.propose(request(0, 3))
    with pytest.raises(WorkerLostError, match="knows 3 centers"):
        shard.propose(request(5, 7))


def test_propose__never_a_center() -> None:
    proposal = Shard(VECTORS, NAMES).propose(request(0, 9))
    assert set(proposal.rows) == set(NAMES) - set(NAMES[2:9])
    assert proposal.floor == (-1, -1)


def test_propose__floor_is_the_first_one_left_out() -> None:
    everything = Shard(VECTORS, NAMES).propose(request(0, 5))
    order = np.argsort(-everything.distances, kind="stable")
    some = Shard(VECTORS, NAMES).propose(request(0, 5, limit=6))
    assert set(some.rows) == set(everything.rows[order[:6]])
    assert some.floor == (everything.distances[order[6]], everything.rows[order[6]])
    assert some.ready == ROWS - 3


def test_propose__nothing_but_a_bound_above_all_keys() -> None:
    proposal = Shard(VECTORS, NAMES).propose(request(0, 5, threshold=np.inf))
    exact = Shard(VECTORS, NAMES).propose(request(0, 5))
    assert len(proposal.rows) == 0
    assert proposal.floor[0] >= exact.distances.max()


def test_propose__by_score_before_any_center() -> None:
    scores = np.round(np.random.default_rng(0).random(ROWS), 1)
    empty = Request(0, np.empty((0, 7), np.float32), np.empty(0, np.int64), np.inf, 3)
    proposal = Shard(VECTORS, NAMES, scores=scores, min_distance=2.5).propose(empty)
    order = np.argsort(-scores, kind="stable")
    assert proposal.rows.tolist() == sorted(NAMES[order[:3]])
    assert proposal.floor == (scores[order[3]], NAMES[order[3]])


def test_fetch__only_its_own_rows_ascending() -> None:
    rows, vectors = Shard(VECTORS, NAMES).fetch(np.array([NAMES[40], 6, NAMES[2], 10_000, NAMES[82]]))
    assert rows.tolist() == NAMES[[2, 40, 82]].tolist()
    np.testing.assert_array_equal(vectors, VECTORS[[2, 40, 82]])


def test_shard__without_rows() -> None:
    proposal = Shard(VECTORS[:0]).propose(request(0, 3))
    assert len(proposal.rows) == 0
    assert proposal.floor == (-1, -1)


def test_shard__refuses_values_that_overflow() -> None:
    with pytest.raises(InvalidInputError, match="row 1"):
        Shard(np.array([[1.0, 2], [1e200, 3]]))


def test_steering__proposals_stay_bounded_for_any_number_of_shards() -> None:
    for shards in (1, 2, 7, 100, 1000):
        assert Steering(shards).limit * shards <= 2 * MOST_CANDIDATES + 5 * shards


def test_greedy__a_row_that_no_shard_holds() -> None:
    with pytest.raises(InvalidInputError, match="1 of 2 picked rows"):
        Greedy(LocalShards([Shard(VECTORS)]), made=np.array([3, 1000]))


def test_greedy__empty_query() -> None:
    assert list(Greedy(LocalShards([Shard(VECTORS[:0])])).batches(3)) == []


def test_greedy__counts_what_it_costs() -> None:
    greedy = Greedy(LocalShards([Shard(VECTORS), Shard(VECTORS, NAMES + 1000)]), first=4)
    picked = sum(len(picks) for picks in greedy.batches(20))
    assert picked == greedy.done == 20
    assert greedy.stats.rounds > 0
    assert 0 < greedy.stats.pairs <= 20 * 2 * ROWS
    assert greedy.stats.driver_bytes > 20 * VECTORS[0].nbytes
    assert {"propose", "pick", "refresh"} <= set(greedy.stats.seconds)

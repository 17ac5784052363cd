"""`select(cannot_be_labelled=...)`: never picked, and where preselected, it counts and repels nothing."""

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lightly_ray
from lightly_ray.errors import ConflictError, InvalidInputError
from lightly_ray.methods import METHODS, takes_scores
from lightly_ray.parallel.selection import actor_shards
from lightly_ray.parallel.selection.result import Selection
from tests.parallel.selection.shards import ON_SHARDS, in_shards

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(211, 7)).astype(np.float32)
NAMES = [f"{name:03d}.png" for name in RANDOM.permutation(211)]
SCORES = RANDOM.random(211)
QUERY = [NAMES[row] for row in range(211) if row % 3]
PRESELECTED = [NAMES[row] for row in (4, 60, 120, 14, 201)]  # 60, 120 and 201 lie outside the query set
MARKED = [NAMES[row] for row in (60, 14, 7, 8, 91, 0)]  # two are preselected, one lies outside both sets


def select(data: Any, n_samples: Any, method: str = "coreset", **options: Any) -> Selection:
    return lightly_ray.select(data, n_samples, method, progress=False, **options)


def scored(method: str) -> dict[str, Any]:
    return {"method": method, "scores": SCORES} if takes_scores(method) else {"method": method}


@pytest.mark.parametrize("share", [0, 0.3])
@pytest.mark.parametrize("method", METHODS)
def test_marked__is_as_if_it_were_not_there_but_counts_where_preselected(method: str, share: float) -> None:
    options = {"ids": NAMES, "random_share": share, **scored(method)}
    found = select(X, 30, query=QUERY, preselected=PRESELECTED, cannot_be_labelled=MARKED, **options)
    others = [name for name in QUERY if name not in MARKED]
    repelling = [name for name in PRESELECTED if name not in MARKED]
    expected = select(X, 28, query=others, preselected=repelling, **options)
    assert found.ids == [*PRESELECTED, *expected.added_ids]
    assert (found.added_ids, found.random_ids) == (expected.added_ids, expected.random_ids)
    assert not set(MARKED).intersection(found.added_ids)
    np.testing.assert_array_equal(found.gains, expected.gains)
    assert (found.radius, found.lower_bound, found.coverage) == (
        expected.radius,
        expected.lower_bound,
        expected.coverage,
    )


def test_marked__by_hand() -> None:
    line = np.array([[0], [1], [10], [4], [11]], dtype=np.float64)
    # With 10 as a center, 4 lies farthest from all.
    assert select(line, 3, preselected=[0, 2], cannot_be_labelled=[2]).ids == [0, 2, 4]
    assert select(line, 3, preselected=[0, 2], cannot_be_labelled=[2, 4]).ids == [0, 2, 3]
    assert select(line, 3, preselected=[0, 2]).ids == [0, 2, 3]
    # Nothing repels: coreset begins as it does without preselected samples.
    for seed in range(3, 9):
        alone = select(line, 2, preselected=[3], cannot_be_labelled=[3], seed=seed)
        assert alone.added_ids == select(line, 1, "random", query=[0, 1, 2, 4], seed=seed).ids
        assert alone.gains[0] == np.inf


def test_marked__what_is_marked_already_covers_nothing() -> None:
    groups = np.repeat(np.eye(3), [6, 4, 2], axis=0)
    assert select(groups, 1, "coverage").rows[0] < 6
    assert select(groups, 2, "coverage", preselected=[3]).rows[1] == 6
    assert select(groups, 2, "coverage", preselected=[3], cannot_be_labelled=[3]).rows[1] < 6


@pytest.mark.parametrize("method", METHODS)
def test_marked__needs_no_embedding_and_no_score(method: str) -> None:
    vectors, scores = X.copy(), SCORES.copy()
    rows = [NAMES.index(name) for name in MARKED]
    vectors[rows], scores[rows] = np.nan, np.nan
    options: dict[str, Any] = {"ids": NAMES, "preselected": PRESELECTED, "cannot_be_labelled": MARKED}
    given = scored(method) | ({"scores": scores} if takes_scores(method) else {})
    assert select(vectors, 30, **options, **given).ids == select(X, 30, **options, **scored(method)).ids


def test_marked__sizes() -> None:
    assert len(select(X, 1.0, cannot_be_labelled=[1, 2])) == 209
    assert len(select(X, 1.0, preselected=[1, 3], cannot_be_labelled=[1, 2])) == 210
    assert select(X, 2, preselected=[1, 3], cannot_be_labelled=[1]).ids == [1, 3]
    assert select(X, 9, cannot_be_labelled=[]).ids == select(X, 9).ids
    with pytest.raises(InvalidInputError, match=r"211 is more than the 209 .* without 2 that are left out"):
        select(X, 211, cannot_be_labelled=[1, 2])


@pytest.mark.parametrize("method", METHODS)
def test_marked__nothing_is_left(method: str) -> None:
    options = {"ids": NAMES, "query": QUERY, **scored(method)}
    everything = r"no sample is left that could be selected: all 140 are marked as cannot be labelled"
    with pytest.raises(InvalidInputError, match=everything):
        select(X, 10, cannot_be_labelled=QUERY, **options)
    with pytest.raises(InvalidInputError, match=r"no sample is left .*: all 137 are marked"):
        select(X, 5, preselected=PRESELECTED, cannot_be_labelled=[*QUERY, NAMES[0]], **options | {"query": QUERY[1:]})
    with pytest.raises(InvalidInputError, match=r"no sample is left .*: all 2 are marked"):
        select(X, 2, cannot_be_labelled=QUERY[:2], preselected=QUERY[:2], **options | {"query": QUERY[:2]})


def test_marked__ids_that_are_none() -> None:
    with pytest.raises(InvalidInputError, match=r"cannot_be_labelled: 1 of 2 ids are not among the 211 .*'no\.png'"):
        select(X, 9, ids=NAMES, cannot_be_labelled=[NAMES[3], "no.png"])
    with pytest.raises(InvalidInputError, match=r"cannot_be_labelled: row 3 comes twice"):
        select(X, 9, cannot_be_labelled=[3, 3])


@pytest.mark.parametrize("method", METHODS)
def test_marked__the_order_of_the_rows_changes_nothing(method: str) -> None:
    order = np.random.default_rng(9).permutation(211)
    options: dict[str, Any] = {"preselected": PRESELECTED, "cannot_be_labelled": MARKED}
    found = select(X, 30, ids=NAMES, **options, **scored(method))
    permuted = scored(method) | ({"scores": SCORES[order]} if takes_scores(method) else {})
    assert select(X[order], 30, ids=[NAMES[row] for row in order], **options, **permuted).ids == found.ids


def test_marked__a_checkpoint_knows_it(tmp_path: Path) -> None:
    options: dict[str, Any] = {"ids": NAMES, "preselected": PRESELECTED, "checkpoint": tmp_path / "c"}
    found = select(X, 30, cannot_be_labelled=MARKED, **options)
    assert select(X, 30, cannot_be_labelled=MARKED, **options).ids == found.ids
    for other, difference in ((MARKED[1:], "preselected"), (MARKED[:3], "query"), ([], "query")):
        with pytest.raises(ConflictError, match=difference):
            select(X, 30, cannot_be_labelled=other, **options)


@pytest.mark.full
@pytest.mark.usefixtures("ray_local")
@pytest.mark.parametrize("marked", [PRESELECTED, MARKED])
def test_marked__on_shards_one_of_which_is_lost(monkeypatch: pytest.MonkeyPatch, marked: list[str]) -> None:
    propose, rounds = actor_shards.ActorShards.propose, 0

    def lose(self: actor_shards.ActorShards, request: Any) -> Any:
        nonlocal rounds
        rounds += 1
        if rounds == 4:
            os.kill(self.whereabouts()[0][1], signal.SIGKILL)
        return propose(self, request)

    options: dict[str, Any] = {"preselected": PRESELECTED, "cannot_be_labelled": marked, "ids": NAMES, "seed": 2}
    expected = select(X, 190, **options)
    monkeypatch.setattr(actor_shards.ActorShards, "propose", lose)
    found = select(X, 190, partitions=3, **options)
    assert found.stats.restarts == 1
    assert found.ids == expected.ids
    np.testing.assert_array_equal(found.gains, expected.gains)


@pytest.mark.full
@pytest.mark.usefixtures("ray_local")
@pytest.mark.parametrize("method", ON_SHARDS)
def test_marked__in_files_and_datasets_on_any_number_of_shards(method: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"query": QUERY, "preselected": PRESELECTED, "cannot_be_labelled": MARKED}
    expected = select(X, 40, ids=NAMES, **options, **scored(method))
    named = scored(method) | ({"scores": "score"} if takes_scores(method) else {})
    for data, partitions in in_shards(tmp_path, NAMES, X, SCORES):
        found = select(data, 40, partitions=partitions, **options, **named)
        assert found.ids == expected.ids
        np.testing.assert_array_equal(found.gains, expected.gains)

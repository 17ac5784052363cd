"""`select(random_share=...)`: the draw comes first, depends on ids and seed alone, and counts as preselected."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lightly_ray
from lightly_ray.errors import ConflictError, InvalidInputError
from lightly_ray.methods import METHODS, takes_scores
from lightly_ray.parallel.selection.result import Selection
from lightly_ray.selection.random_draw import random_keys
from tests.parallel.selection.shards import in_shards

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(211, 7)).astype(np.float32)
NAMES = [f"{name:03d}.png" for name in RANDOM.permutation(211)]
SCORES = RANDOM.random(211)
QUERY = [NAMES[row] for row in range(211) if row % 3]
PRESELECTED = [NAMES[row] for row in (4, 60, 120)]  # 60 and 120 lie outside the query set


def select(*arguments: Any, **options: Any) -> Selection:
    return lightly_ray.select(*arguments, progress=False, **options)


def scored(method: str) -> dict[str, Any]:
    return {"method": method, "scores": SCORES} if takes_scores(method) else {"method": method}


@pytest.mark.parametrize("preselected", [[], PRESELECTED])
@pytest.mark.parametrize("method", METHODS)
def test_share__is_the_random_draw_then_the_method(method: str, preselected: list[str]) -> None:
    candidates = [name for name in QUERY if name not in preselected]
    drawn = [candidates[place] for place in np.argsort(random_keys(candidates, 5))[:7]]  # ceil(0.23 x 30)
    options = {"ids": NAMES, "query": QUERY, "seed": 5, **scored(method)}
    found = select(X, 30 + len(preselected), random_share=0.23, preselected=preselected, **options)
    rest = select(X, 30 + len(preselected), preselected=[*preselected, *drawn], **options)
    assert found.ids == rest.ids
    assert found.added_ids == [*drawn, *rest.added_ids]
    assert found.random_ids == (found.added_ids if method == "random" else drawn)
    keys = random_keys(found.random_ids, 5) / 2.0**64
    np.testing.assert_allclose(found.gains[: len(keys)], keys)
    np.testing.assert_array_equal(found.gains[7:], rest.gains)
    assert (found.radius, found.lower_bound, found.coverage) == (rest.radius, rest.lower_bound, rest.coverage)


def test_share__changes_nothing_of_random_and_none_draws_none() -> None:
    plain = select(X, 30, "random", ids=NAMES)
    found = select(X, 30, "random", ids=NAMES, random_share=0.4)
    assert found.ids == plain.ids == plain.random_ids
    np.testing.assert_array_equal(found.gains, plain.gains)
    assert select(X, 30).random_ids == []
    assert select(X, 30, random_share=0).ids == select(X, 30).ids
    nothing = select(X, 2, preselected=[3, 8], random_share=0.5)
    assert (nothing.ids, nothing.added_ids, nothing.random_ids) == ([3, 8], [], [])
    assert len(select(X, 1, "coverage", random_share=0.9).random_ids) == 1  # nothing is left for the method


def test_share__draws_whatever_the_scores_and_the_method() -> None:
    draws = {tuple(select(X, 20, ids=NAMES, random_share=0.3, **scored(method)).added_ids[:6]) for method in METHODS}
    draws.add(tuple(select(X, 20, "coral", ids=NAMES, random_share=0.3, scores=1 - SCORES).random_ids))
    assert len(draws) == 1
    assert tuple(select(X, 20, ids=NAMES, random_share=0.3, seed=1).random_ids) not in draws


@pytest.mark.parametrize("method", METHODS)
def test_share__the_order_of_the_rows_changes_nothing(method: str) -> None:
    order = np.random.default_rng(9).permutation(211)
    options = {"random_share": 0.3, "preselected": PRESELECTED}
    found = select(X, 30, ids=NAMES, **options, **scored(method))
    permuted = scored(method) | ({"scores": SCORES[order]} if takes_scores(method) else {})
    again = select(X[order], 30, ids=[NAMES[row] for row in order], **options, **permuted)
    assert again.ids == found.ids
    assert again.random_ids == found.random_ids


def test_share__goes_on_where_the_last_draw_ended() -> None:
    first = select(X, 20, ids=NAMES, random_share=0.5)
    second = select(X, 40, ids=NAMES, random_share=0.5, preselected=first.ids)
    left = [name for name in select(X, 211, "random", ids=NAMES).ids if name not in first.ids]
    assert second.random_ids == left[:10]


def test_share__in_tables_and_summary() -> None:
    found = select(X, 9, ids=NAMES, random_share=0.3, preselected=PRESELECTED)
    table = found.to_table()
    assert table.column("random").to_pylist() == [False] * 3 + [True] * 2 + [False] * 4
    assert table.column("added").to_pylist() == [False] * 3 + [True] * 6
    assert found.summary()["n_random"] == 2


def test_share__does_not_go_with_a_smallest_distance() -> None:
    with pytest.raises(InvalidInputError, match=r"random_share=0\.1 draws samples whatever their distance"):
        select(X, 20, random_share=0.1, min_distance=0.5)


def test_share__a_checkpoint_knows_it(tmp_path: Path) -> None:
    options: dict[str, Any] = {"method": "coreset", "ids": NAMES, "checkpoint": tmp_path / "c"}
    found = select(X, 30, random_share=0.2, **options)
    again = select(X, 30, random_share=0.2, **options)
    assert again.ids == found.ids
    assert again.random_ids == found.random_ids
    for other in ({"random_share": 0.4}, {}, {"random_share": 0.2, "seed": 1}):
        with pytest.raises(ConflictError):
            select(X, 30, **options, **other)


@pytest.mark.usefixtures("ray_local")
@pytest.mark.full
@pytest.mark.parametrize("method", METHODS)
def test_share__in_files_and_datasets_on_any_number_of_shards(method: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"random_share": 0.3, "query": QUERY, "preselected": PRESELECTED}
    expected = select(X, 40, ids=NAMES, **options, **scored(method))
    named = scored(method) | ({"scores": "score"} if takes_scores(method) else {})
    for data, partitions in in_shards(tmp_path, NAMES, X, SCORES):
        found = select(data, 40, partitions=partitions, **options, **named)
        assert found.ids == expected.ids
        assert found.random_ids == expected.random_ids
        np.testing.assert_array_equal(found.gains, expected.gains)

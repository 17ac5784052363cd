"""The decision table of a selection, row by row."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lightly_ray.data.ids import Ids
from lightly_ray.data.sources import ArraySource
from lightly_ray.errors import InvalidInputError
from lightly_ray.selection.request import (
    NamedScores,
    Problem,
    RowScores,
    check_settings,
    pose_problem,
    require_scores,
    unscored,
    without_rows,
)

IDS = Ids.from_values([f"{letter}.png" for letter in "abcdefghij"])
SOURCE = ArraySource(np.zeros((10, 3), np.float32))
SCORES = np.array([0.5, 0, 1, 2, 3, 4, 5, 6, 7, 8])


def posed(n_samples: Any, method: Any = "coreset", **options: Any) -> Problem:
    settings = check_settings(
        n_samples,
        method,
        min_distance=options.pop("min_distance", None),
        normalize=False,
        seed=options.pop("seed", 0),
        certify=options.pop("certify", 1),
    )
    scores = options.pop("scores", None)
    if isinstance(scores, dict):
        scores = NamedScores(list(scores), list(scores.values()), "scores")
    elif scores is not None and not isinstance(scores, str):
        scores = RowScores(scores)
    problem = pose_problem(settings, SOURCE, IDS, scores=scores, **options)
    require_scores(problem)
    return problem


def test_pose_problem__everything_may_be_picked() -> None:
    whole = posed(4)
    assert whole.candidates.tolist() == list(range(10))
    assert (whole.preselected.tolist(), whole.picks, whole.scores) == ([], 4, None)


def test_pose_problem__preselected_count_and_may_lie_outside_the_query_set() -> None:
    found = posed(5, query=["i.png", "b.png", "d.png", "c.png"], preselected=["j.png", "c.png"])
    assert found.candidates.tolist() == [1, 3, 8]
    assert found.preselected.tolist() == [9, 2]  # in the caller's order
    assert found.needed.tolist() == [1, 2, 3, 8, 9]
    assert found.picks == 3


@pytest.mark.parametrize(
    ("n_samples", "query", "preselected", "picks"),
    [
        (1.0, None, None, 10),
        (0.05, None, None, 1),
        (0.5, ["a.png", "b.png", "c.png"], None, 2),
        (0.5, ["a.png", "b.png", "c.png"], ["d.png"], 1),  # half of four, one of which is there already
        (0.5, ["a.png", "b.png", "c.png"], ["a.png"], 1),  # half of three, rounded up
        (np.float32(0.5), None, None, 5),
        (np.float32(0.1), None, None, 1),  # as it is written, not the 1.5e-9 more that it is
        (np.float64(0.7), None, None, 7),
        (np.int32(3), None, ["b.png"], 2),
        (2, None, ["a.png", "b.png"], 0),  # equal: no picks
        (10, None, ["a.png", "b.png"], 8),
    ],
)
def test_pose_problem__sizes_and_shares(n_samples: Any, query: Any, preselected: Any, picks: int) -> None:
    assert posed(n_samples, query=query, preselected=preselected).picks == picks


def test_pose_problem__a_share_is_what_is_written() -> None:
    ids, source = Ids.numbered(100), ArraySource(np.zeros((100, 2)))
    for share, size in ((0.07, 7), (0.29, 29), (0.57, 57), (0.001, 1), (0.575, 58)):
        settings = check_settings(share, "random", min_distance=None, normalize=False, seed=0, certify=1)
        assert pose_problem(settings, source, ids).picks == size, share


@pytest.mark.parametrize(
    ("n_samples", "message"),
    [
        (0, "must be 1 or more"),
        (-1, "must be 1 or more"),
        (0.0, r"a share in \(0, 1\]"),
        (1.5, r"a share in \(0, 1\], got 1.5"),
        (float("nan"), "a share"),
        (True, "whole number, got True"),
        ("7", "whole number, got '7'"),
        (None, "whole number"),
        (11, "n_samples=11 is more than the 10 samples"),
    ],
)
def test_pose_problem__impossible_sizes(n_samples: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        posed(n_samples)


def test_pose_problem__sizes_that_do_not_go_with_query_and_preselected() -> None:
    with pytest.raises(InvalidInputError, match="n_samples=2 counts the preselected samples too, and there are 3"):
        posed(2, preselected=["a.png", "b.png", "c.png"])
    with pytest.raises(InvalidInputError, match="n_samples=4 is more than the 3 samples of query set and preselected"):
        posed(4, query=["a.png", "b.png"], preselected=["b.png", "c.png"])


@pytest.mark.parametrize("name", ["query", "preselected"])
def test_pose_problem__ids_that_do_not_exist_or_come_twice(name: str) -> None:
    with pytest.raises(InvalidInputError, match=f"{name}: 1 of 2 ids are not among the 10 .* first: 'z.png'"):
        posed(5, **dict[str, Any]({name: ["a.png", "z.png"]}))
    with pytest.raises(InvalidInputError, match=f"{name} must be distinct: .*'a.png'"):
        posed(5, **dict[str, Any]({name: ["a.png", "a.png"]}))


@pytest.mark.parametrize("method", ["CORAL", "coral", "Active_Learning"])
def test_pose_problem__scores_by_row_and_by_id(method: str) -> None:
    by_id = {f"{letter}.png": score for letter, score in zip("abcdefghij", SCORES, strict=True)}
    for scores in (SCORES, SCORES.tolist(), SCORES.astype(np.float32), by_id, dict(reversed(by_id.items()))):
        found = posed(4, method, scores=scores, preselected=["b.png", "i.png"])
        assert found.scores is not None
        assert found.scores.dtype == np.float64
        assert found.scores.tolist() == [0.5, 1, 2, 3, 4, 5, 6, 8]


def test_pose_problem__scores_matter_for_what_may_be_selected() -> None:
    partial = {"b.png": 1, "c.png": 0.25, "e.png": None, "f.png": float("nan")}
    found = posed(3, "coral", scores=partial, query=["b.png", "c.png"], preselected=["j.png"])
    assert found.scores is not None
    assert found.scores.tolist() == [1, 0.25]
    with_labelled = posed(3, "coral", scores=partial, query=["b.png", "c.png", "j.png"], preselected=["j.png"])
    assert with_labelled.scores is not None
    assert with_labelled.scores.tolist() == [1, 0.25]
    negative = SCORES.copy()
    negative[9] = -1
    assert posed(3, "coral", scores=negative, query=["b.png", "c.png"], preselected=["j.png"]).picks == 2


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (None, "method coral needs scores"),
        (SCORES[:9], r"one number for each of 10 samples, got the shape \(9,\)"),
        (SCORES[:, None], r"got the shape \(10, 1\)"),
        (["a"] * 10, "scores must be numbers"),
        (SCORES > 1, "scores must be numbers, got bool"),
        ([1.0] * 9 + [None], "1 of 10 samples .* first: sample 'j.png' \\(row 9\\) with none or NaN"),
        ([None] * 10, "10 of 10 samples"),
        ({"a.png": 1.0}, "9 of 10 samples .* first: sample 'b.png' \\(row 1\\) with none or NaN"),
        ({"z.png": 1.0}, "scores: 1 of 1 ids are not among"),
        ({"a.png": "x"}, "scores must be numbers"),
        (np.where(np.arange(10) == 4, -0.5, 1), "1 of 10 .* first: sample 'e.png' \\(row 4\\) with -0.5"),
        (np.where(np.arange(10) == 4, np.inf, 1), "'e.png' \\(row 4\\) with inf"),
        (np.where(np.arange(10) == 4, np.nan, 1), "'e.png' \\(row 4\\) with none or NaN"),
        ("score", "an array has no column 'score'"),
    ],
)
def test_pose_problem__scores_that_cannot_be_used(scores: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        posed(3, "coral", scores=scores)


@pytest.mark.parametrize("method", ["random", "coreset"])
def test_pose_problem__scores_are_refused_where_nobody_reads_them(method: str) -> None:
    with pytest.raises(InvalidInputError, match=f"method {method} uses no scores"):
        posed(3, method, scores=SCORES)


@pytest.mark.parametrize("method", ["random", "active_learning"])
def test_settings__min_distance_needs_distances(method: str) -> None:
    scores = SCORES if method == "active_learning" else None
    with pytest.raises(
        InvalidInputError, match=f"min_distance=0.1 is of distances, method {method} does not pick by them"
    ):
        posed(3, method, min_distance=0.1, scores=scores)
    for off in (None, 0, -1):
        assert posed(3, method, min_distance=off, scores=scores).picks == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_distance": "1"}, "min_distance must be a number or None, got '1'"),
        ({"min_distance": float("nan")}, "min_distance must be a number"),
        ({"seed": 0.5}, "seed must be a whole number"),
        ({"certify": 0}, "certify must be 1 or more"),
    ],
)
def test_settings__impossible(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        posed(3, **options)


def test_without_rows__left_out_with_their_reasons() -> None:
    settings = check_settings(0.5, "coral", min_distance=None, normalize=False, seed=0, certify=1)
    scores = RowScores([None, 1.0, float("nan"), *range(7)])
    problem = pose_problem(settings, SOURCE, IDS, preselected=["a.png"], scores=scores)
    assert unscored(problem) == {2: "it has no score"}
    left = without_rows(problem, {**unscored(problem), 9: "odd"})
    assert left.candidates.tolist() == [1, 3, 4, 5, 6, 7, 8]
    assert left.scores is not None
    assert left.scores.tolist() == [1, 0, 1, 2, 3, 4, 5]
    assert left.picks == 3  # half of the 8 that are left
    assert left.skipped == {2: "it has no score", 9: "odd"}
    with pytest.raises(InvalidInputError, match="more than the 2 samples"):
        without_rows(replace_size(problem, 3), dict.fromkeys(range(2, 10), "odd"))


def replace_size(problem: Problem, n_samples: int) -> Problem:
    return replace(problem, settings=replace(problem.settings, n_samples=n_samples))

"""`lightly_ray.select` in the caller's process: every method, option and form of input."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lightly_ray
from lightly_ray.active_learning.config import SamplingMethod
from lightly_ray.data import ids
from lightly_ray.errors import InvalidInputError, NotFoundError
from lightly_ray.parallel.selection.result import Selection
from lightly_ray.selection.random_draw import random_keys
from lightly_ray.selection.reference import sequential

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(211, 7)).astype(np.float32)
NAMES = [f"{name:03d}.png" for name in RANDOM.permutation(211)]
SCORES = RANDOM.random(211)
QUERY = np.sort(RANDOM.choice(211, 83, replace=False))
PRESELECTED = np.array([5, int(QUERY[3]), 120, int(QUERY[50])])


def select(data: Any, n_samples: Any, method: str = "coreset", **options: Any) -> Selection:
    return lightly_ray.select(data, n_samples, method, progress=False, **options)


def names(rows: Any) -> list[str]:
    return [NAMES[row] for row in rows]


@pytest.mark.parametrize("preselected", [[], PRESELECTED])
@pytest.mark.parametrize("query", [None, QUERY])
@pytest.mark.parametrize("min_distance", [None, 2.5])
@pytest.mark.parametrize("method", ["coreset", "coral"])
def test_select__equals_the_sequential_reference(method: str, min_distance: Any, query: Any, preselected: Any) -> None:
    candidates = np.setdiff1d(np.arange(211) if query is None else query, preselected)
    first = int(candidates[random_keys(names(candidates), 3).argmin()])
    expected = sequential(
        X[candidates],
        30 - len(preselected),
        centers=X[preselected] if len(preselected) else None,
        first=int(np.searchsorted(candidates, first)) if method == "coreset" and not len(preselected) else None,
        scores=SCORES[candidates] if method == "coral" else None,
        min_distance=min_distance or 0.0,
    )
    found = select(
        X,
        30,
        method,
        ids=NAMES,
        query=None if query is None else names(query),
        preselected=names(preselected),
        scores=SCORES if method == "coral" else None,
        min_distance=min_distance,
        seed=3,
    )
    picked = candidates[expected.rows]
    assert found.added_ids == names(picked)
    assert found.ids == [*names(preselected), *found.added_ids]
    assert found.rows.tolist() == [*preselected, *picked]
    np.testing.assert_array_equal(found.gains, expected.gains)
    assert found.stop_reason == ("min_distance" if len(picked) < 30 - len(preselected) else None)


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4])
def test_select__coreset_begins_with_the_smallest_random_key(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "CHUNK", 20)  # keys come in chunks of ids
    first = QUERY[random_keys(names(QUERY), seed).argmin()]
    found = select(X, 2, ids=NAMES, query=names(QUERY), seed=seed)
    assert found.ids[0] == NAMES[first]
    assert found.gains[0] == np.inf
    assert select(X, 1, "random", ids=NAMES, query=names(QUERY), seed=seed).ids == found.ids[:1]


def test_select__random_takes_the_smallest_keys() -> None:
    keys = random_keys(NAMES, 7)
    order = np.argsort(keys)
    found = select(X, 20, "random", ids=NAMES, seed=7)
    assert found.ids == names(order[:20])
    np.testing.assert_allclose(found.gains, keys[order[:20]] / 2.0**64)
    assert found.ids != select(X, 20, "random", ids=NAMES, seed=8).ids
    some = select(X, 20, "random", ids=NAMES, seed=7, query=names(QUERY), preselected=names(PRESELECTED))
    allowed = [row for row in order if row in QUERY and row not in PRESELECTED]
    assert some.ids == names([*PRESELECTED, *allowed[:16]])
    assert (some.radius, some.factor, some.stop_reason, some.stats.rounds) == (None, None, None, 0)


def test_select__active_learning_takes_the_highest_scores() -> None:
    scores = np.round(SCORES, 1)  # many equal ones
    order = np.lexsort((np.arange(211), -scores))
    found = select(X, 50, "active_learning", ids=NAMES, scores=scores)
    assert found.ids == names(order[:50])
    np.testing.assert_array_equal(found.gains, scores[order[:50]])


def test_select__by_hand() -> None:
    line = np.array([[0], [1], [10], [4]], dtype=np.float64)
    found = select(line, 3, preselected=[0])
    assert (found.ids, found.added_ids, found.gains.tolist()) == ([0, 2, 3], [2, 3], [10, 4])
    assert (found.radius, found.lower_bound, found.factor) == (1, 0.5, 2)
    assert len(found) == 3
    # Distance times score: 0 lies 10 away, but 3 counts five times as much.
    coral = select(line, 3, "coral", preselected=[2], scores=[1, 1, 1, 5])
    assert (coral.added_ids, coral.gains.tolist(), coral.factor) == ([3, 0], [30, 4], None)


def test_select__everything_and_nothing() -> None:
    everything = select(X, 1.0)
    assert sorted(everything.ids) == list(range(211))
    assert (everything.radius, everything.factor) == (0, 1)
    nothing = select(X, 2, preselected=[200, 100])
    assert (nothing.ids, nothing.added_ids, nothing.gains.tolist()) == ([200, 100], [], [])
    expected = np.sqrt(np.square(X[:, None].astype(float) - X[[200, 100]].astype(float)).sum(axis=2)).min(axis=1).max()
    assert nothing.radius == pytest.approx(expected)
    for method in ("coreset", "coral", "random", "active_learning"):
        scores = SCORES if method in ("coral", "active_learning") else None
        alone = select(X, 2, method, preselected=[200, 100], query=[], scores=scores)
        assert alone.ids == [200, 100]


def test_select__coral_with_equal_scores_is_coreset() -> None:
    coreset = select(X, 40, preselected=[17])
    coral = select(X, 40, "coral", preselected=[17], scores=np.ones(211))
    assert coral.ids == coreset.ids
    np.testing.assert_array_equal(coral.gains, coreset.gains)


def test_select__coral_without_preselected_begins_with_the_highest_score() -> None:
    scores = np.where(np.isin(np.arange(211), [40, 90]), 2.0, SCORES)
    found = select(X, 3, "coral", scores=scores)
    assert found.ids[0] == 40
    assert found.gains[0] == np.inf
    assert select(X, 3, "coral", scores=scores, query=range(41, 200)).ids[0] == 90


def test_select__keys_of_zero_come_last_lowest_row_first() -> None:
    doubles = np.repeat(X[:5], [1, 3, 1, 2, 1], axis=0)
    assert select(doubles, 1.0, preselected=[0]).ids[-3:] == [2, 3, 6]
    scores = [1, 0, 1, 0, 1, 1, 0, 1]
    assert select(X[:8], 1.0, "coral", scores=scores).ids[-3:] == [1, 3, 6]


def test_select__normalize_looks_at_directions() -> None:
    lengths = RANDOM.lognormal(size=(211, 1))
    wide = X.astype(np.float64) * lengths
    unit = wide / np.sqrt(np.square(wide).sum(axis=1, keepdims=True))
    expected = sequential(unit, 29, centers=unit[[3]])
    found = select(wide, 30, normalize=True, preselected=[3])
    assert found.added_ids == expected.rows.tolist()
    half = (X * 0.5).astype(np.float16)
    norms = np.sqrt(np.square(half.astype(np.float64)).sum(axis=1, keepdims=True))
    expected = sequential((half.astype(np.float64) / norms).astype(np.float32), 29, centers=None, first=2)
    assert select(half, 30, normalize=True, query=[*range(211)], seed=_seed_for(2)).ids[:29] == expected.rows.tolist()
    with pytest.raises(InvalidInputError, match=r"sample 'b' .row 1.: the embedding is zero"):
        select(np.array([[1.0], [0.0], [2.0]]), 2, ids=["a", "b", "c"], normalize=True)


def _seed_for(row: int) -> int:
    """A seed under which coreset begins with one row of 211."""
    return next(seed for seed in range(10_000) if random_keys(range(211), seed).argmin() == row)


def test_select__rows_outside_query_and_preselected_are_not_looked_at() -> None:
    bad = X.copy()
    bad[~np.isin(np.arange(211), [*QUERY, *PRESELECTED])] = np.nan
    options: dict[str, Any] = {"query": QUERY, "preselected": PRESELECTED}
    assert select(bad, 20, **options).ids == select(X, 20, **options).ids
    bad[120] = np.nan  # preselected, outside the query set
    with pytest.raises(InvalidInputError, match="row 120: the embedding has a NaN"):
        select(bad, 20, **options)


@pytest.mark.parametrize("method", ["RANDOM", SamplingMethod.CORESET, SamplingMethod.CORAL, "Active_Learning"])
def test_select__methods_in_any_case(method: str) -> None:
    scores = SCORES if "C" not in method or method == "CORAL" else None
    scores = None if method == "RANDOM" else scores
    assert len(select(X, 5, method, scores=scores)) == 5


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    """The same samples in every form that a path can name; Parquet in the order of the array."""
    np.save(tmp_path / "x.npy", X)
    flat = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), 7)
    table = pa.table({"filename": NAMES, "embedding": flat, "score": SCORES, "name": [f"-{name}" for name in NAMES]})
    (tmp_path / "parts").mkdir()
    for part, start in enumerate(range(0, 211, 60)):
        pq.write_table(table.slice(start, 60), tmp_path / "parts" / f"{part}.parquet", row_group_size=25)
    pq.write_table(table.rename_columns(["id", "vector", "s", "name"]), tmp_path / "other.parquet")
    return {
        "npy": (tmp_path / "x.npy", {"ids": NAMES}),
        "folder": (tmp_path / "parts", {}),
        "pattern": (f"{tmp_path}/parts/*.parquet", {}),
        "list": ([tmp_path / "parts" / f"{part}.parquet" for part in (3, 1, 0, 2)], {}),
        "columns": (tmp_path / "other.parquet", {"id_column": "id", "embedding_column": "vector"}),
        "named": (tmp_path / "parts", {"ids": NAMES, "id_column": "nowhere"}),
        "float64": (X.astype(np.float64), {"ids": pa.array(NAMES)}),
    }


@pytest.mark.parametrize("form", ["npy", "folder", "pattern", "list", "columns", "named", "float64"])
def test_select__the_same_from_every_form(files: dict[str, Any], form: str) -> None:
    data, options = files[form]
    chosen = {"query": names(QUERY), "preselected": names(PRESELECTED)}
    for method in ("coreset", "coral", "random"):
        scores = {"scores": SCORES} if method == "coral" else {}
        expected = select(X, 25, method, ids=NAMES, **chosen, **scores)
        found = select(data, 25, method, **chosen, **scores, **options)
        assert found.ids == expected.ids
        np.testing.assert_array_equal(found.gains, expected.gains)


def test_select__scores_from_a_column(files: dict[str, Any]) -> None:
    expected = select(X, 25, "coral", ids=NAMES, scores=SCORES).ids
    assert select(files["folder"][0], 25, "coral", scores="score").ids == expected
    with pytest.raises(InvalidInputError, match="has no column 'nothing'"):
        select(files["folder"][0], 25, "coral", scores="nothing")
    with pytest.raises(InvalidInputError, match="the column 'name' must be numbers"):
        select(files["folder"][0], 25, "coral", scores="name")


def test_select__methods_without_distances_need_no_embeddings(tmp_path: Path) -> None:
    pq.write_table(pa.table({"filename": NAMES, "score": SCORES}), tmp_path / "x.parquet")
    path = tmp_path / "x.parquet"
    assert select(path, 9, "random").ids == select(X, 9, "random", ids=NAMES).ids
    expected = select(X, 9, "active_learning", ids=NAMES, scores=SCORES).ids
    assert select(path, 9, "active_learning", scores="score").ids == expected
    with pytest.raises(InvalidInputError, match="has no column 'embedding'"):
        select(path, 9)


@pytest.mark.parametrize(
    ("data", "options", "error", "message"),
    [
        ([[0.0, 1.0]], {}, InvalidInputError, "data must be an .* array, .* got list"),
        (None, {}, InvalidInputError, "got NoneType"),
        (np.zeros((3, 2), int), {}, InvalidInputError, "must be float16, float32 or float64"),
        (X[:, 0], {}, InvalidInputError, "shape"),
        (X[:0], {}, InvalidInputError, "there are no rows"),
        ("nowhere.parquet", {}, NotFoundError, r"no \.parquet file at"),
        ("nowhere.npy", {}, NotFoundError, "there is no file"),
        ("s3://bucket/x.npy?region=eu-west-1", {}, InvalidInputError, "must be local; use Parquet"),
        (X, {"ids": NAMES[:-1]}, InvalidInputError, "got 210 ids for 211 rows"),
        (X, {"ids": [*NAMES[:-1], NAMES[4]]}, InvalidInputError, "ids must be distinct: 1 come more than once"),
        (X, {"partitions": 0}, InvalidInputError, "partitions must be a whole number above 0, or None, got 0"),
        (X, {"partitions": 2.0}, InvalidInputError, "partitions must be a whole number"),
        (X, {"partitions": True}, InvalidInputError, "partitions must be a whole number"),
        (X, {"memory_limit": -1}, InvalidInputError, "memory_limit must be a number of bytes"),
        (X, {"timeout": 0}, InvalidInputError, "timeout must be a number of seconds"),
        (X, {"timeout": float("nan")}, InvalidInputError, "timeout must be a number of seconds"),
        (X, {"normalize": "no"}, InvalidInputError, "normalize must be True, False or 'whiten', got 'no'"),
        (X, {"query": 3}, InvalidInputError, "^query: the data has no ids|^query: give a list of ids, got int$"),
        ([], {}, InvalidInputError, "data must be an .* array"),
    ],
)
def test_select__bad_input(data: Any, options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        select(data, 2, **options)


def test_select__memory_limit_is_asked_before_anything_is_read() -> None:
    bad = np.full((211, 7), np.nan)
    with pytest.raises(
        InvalidInputError, match=r"211 embeddings of 56 bytes need about 0\.5 MiB on 1 shard, memory_limit allows 0\.0 "
    ):
        select(bad, 5, memory_limit=211 * 56)
    assert len(select(X, 5, memory_limit=np.float64(2**20))) == 5


def test_select__bad_numbers_name_the_sample(tmp_path: Path) -> None:
    bad = X.copy()
    bad[33, 2] = np.nan
    with pytest.raises(InvalidInputError, match=f"sample '{NAMES[33]}' .row 33.: the embedding has a NaN"):
        select(bad, 5, ids=NAMES)
    ragged = [row.tolist() for row in X[:9]]
    ragged[4] = ragged[4][:5]
    pq.write_table(pa.table({"filename": NAMES[:9], "embedding": ragged}), tmp_path / "x.parquet")
    with pytest.raises(
        InvalidInputError, match=f"'{NAMES[4]}' .row 4.: the embedding has 5 coordinates, the first row"
    ):
        select(tmp_path / "x.parquet", 5)


def test_selection__as_a_table(tmp_path: Path) -> None:
    found = select(X, 30, ids=NAMES, preselected=names(PRESELECTED), id_column="id")
    found.to_parquet(tmp_path / "deep" / "selection.parquet")
    table = pq.read_table(tmp_path / "deep" / "selection.parquet")
    assert table.column("id").to_pylist() == found.ids
    assert table.column("row").to_pylist() == found.rows.tolist()
    assert table.column("added").to_pylist() == [False] * 4 + [True] * 26
    assert table.column("gain").to_pylist() == [None] * 4 + found.gains.tolist()
    summary = json.loads(table.schema.metadata[b"lightly_ray"])
    assert (summary["n_samples"], summary["n_added"], summary["radius"]) == (30, 26, found.radius)
    assert summary["stats"]["partitions"] == 1
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["selection.parquet"]
    with pytest.raises(InvalidInputError, match="cannot write"):
        found.to_parquet(tmp_path / "deep")


def test_selection__costs() -> None:
    stats = select(X, 30, preselected=[3]).stats
    assert stats.rounds >= 1
    assert 0 < stats.evaluated_share <= 1
    assert 0 < select(X, 30, preselected=[3], certify=4).stats.evaluated_share <= 1
    assert {"read", "propose", "pick"} <= stats.seconds.keys()
    assert stats.driver_bytes > 0
    assert (stats.partitions, stats.restarts) == (1, 0)


def test_select__progress_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    lightly_ray.select(X, 12)
    shown = capsys.readouterr()
    assert "select: 12 of 12 picks" in shown.err
    assert shown.out == ""


def test_select__small_inputs_never_load_ray() -> None:
    code = """
import sys, numpy, lightly_ray
x = numpy.random.default_rng(0).normal(size=(50, 3))
for method in ("coreset", "random"):
    assert len(lightly_ray.select(x, 5, method, progress=False)) == 5
assert not any(name == "ray" or name.startswith("ray.") for name in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_select__tells_how_far_it_is_preselected_included() -> None:
    calls: list[tuple[int, int]] = []
    select(X, 9, preselected=[3, 4], on_progress=lambda done, total: calls.append((done, total)))
    assert calls[0] == (2, 9)
    assert calls[-1] == (9, 9)
    assert calls == sorted(calls)

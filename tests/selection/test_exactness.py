"""The merged, lazy, screened greedy equals the plain sequential one: every row, every gain, every bit."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lightly_ray.selection import greedy
from lightly_ray.selection.choose import Task, choose, shard_min_distance
from lightly_ray.selection.greedy import Picks
from lightly_ray.selection.protocol import LocalShards
from lightly_ray.selection.reference import sequential
from lightly_ray.selection.shard import bounds, refresh, shard
from lightly_ray.selection.shard.shard import Shard

ROWS, COUNT = 347, 61
Vectors = NDArray[np.floating]


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes at which a few hundred rows go through every branch: cuts, tiles, blocks, neighbours, leading axes."""
    monkeypatch.setattr(greedy, "MOST_CANDIDATES", 13)
    monkeypatch.setattr(refresh, "TILE", 19)
    monkeypatch.setattr(refresh, "BLOCK", 7)
    monkeypatch.setattr(refresh, "PENDING", 3)
    monkeypatch.setattr(refresh, "ROWS", 1)
    monkeypatch.setattr(shard, "MANY", 23)
    monkeypatch.setattr(bounds, "_SLICE", 29)


def isotropic(rng: np.random.Generator, dimensions: int = 11) -> Vectors:
    return rng.standard_normal((ROWS, dimensions), dtype=np.float32)


def clustered(rng: np.random.Generator) -> Vectors:
    return (rng.normal(size=(9, 11))[rng.integers(0, 9, ROWS)] + rng.normal(size=(ROWS, 11)) / 9).astype(np.float32)


def power_law(rng: np.random.Generator) -> Vectors:
    return (rng.standard_normal((ROWS, 60)) * np.arange(1, 61) ** -1.0).astype(np.float32)


def low_rank(rng: np.random.Generator) -> Vectors:
    return (rng.standard_normal((ROWS, 3)) @ rng.standard_normal((3, 53))).astype(np.float32)


def grid(rng: np.random.Generator) -> Vectors:
    return rng.integers(0, 3, (ROWS, 5)).astype(np.float32)


def duplicates(rng: np.random.Generator) -> Vectors:
    return isotropic(rng)[rng.integers(0, COUNT // 2, ROWS)]


def outlier(rng: np.random.Generator) -> Vectors:
    vectors = isotropic(rng)
    vectors[41] *= 1e25
    return vectors


KINDS: dict[str, Callable[[np.random.Generator], Vectors]] = {
    "isotropic": isotropic,
    "clustered": clustered,
    "power law": power_law,
    "low rank": low_rank,
    "grid": grid,
    "duplicates": duplicates,
    "shifted": lambda rng: isotropic(rng) + np.float32(1e4),
    "permuted": lambda rng: power_law(rng)[:, rng.permutation(60)],
    "all equal": lambda rng: np.full((ROWS, 11), 0.1, np.float32),
    "huge": lambda rng: isotropic(rng) * np.float32(1e20),
    "tiny": lambda rng: isotropic(rng) * np.float32(1e-20),
    "outlier": outlier,
    "float16": lambda rng: isotropic(rng).astype(np.float16),
    "float64": lambda rng: power_law(rng).astype(np.float64) + rng.normal(size=(ROWS, 60)) * 1e-9,
    "float64 huge": lambda rng: isotropic(rng).astype(np.float64) * 1e150,
    "float64 tiny": lambda rng: isotropic(rng).astype(np.float64) * 1e-170,
    "one coordinate": lambda rng: isotropic(rng, 1),
    "long": lambda rng: isotropic(rng, 300),
    "line": lambda rng: (rng.standard_normal((ROWS, 1)) @ rng.standard_normal((1, 300))).astype(np.float32),
}
kinds = pytest.mark.parametrize("kind", KINDS)
partitions = pytest.mark.parametrize("parts", [1, 2, 3, 7, 16])


def data(kind: str, seed: int = 0) -> Vectors:
    return KINDS[kind](np.random.default_rng(seed))


def cuts(rows: int, parts: int, seed: int = 0) -> list[NDArray[np.int64]]:
    """A random partition of the rows, uneven."""
    owner = np.random.default_rng(seed).choice(parts, size=rows, p=np.arange(1, parts + 1) / (parts * (parts + 1) / 2))
    return [np.flatnonzero(owner == part) for part in range(parts)]


def merged(vectors: Vectors, task: Task, parts: int, scores: NDArray[np.float64] | None = None) -> Picks:
    shards = [
        Shard(
            vectors[rows],
            rows,
            scores=None if scores is None else scores[rows],
            min_distance=shard_min_distance(coral=task.coral, min_distance=task.min_distance),
            threads=2,
        )
        for rows in cuts(len(vectors), parts)
    ]
    return choose(LocalShards(shards), task).picks


def assert_equal(picks: Picks, expected: Picks) -> None:
    np.testing.assert_array_equal(picks.rows, expected.rows)
    np.testing.assert_array_equal(picks.gains, expected.gains)


@kinds
@partitions
def test_coreset__equals_reference(kind: str, parts: int) -> None:
    vectors = data(kind)
    expected = sequential(vectors, COUNT, first=29)
    assert_equal(merged(vectors, Task(COUNT, first=29), parts), expected)


@kinds
@pytest.mark.parametrize("parts", [1, 3])
def test_coreset__equals_reference_with_preselected(kind: str, parts: int) -> None:
    vectors = data(kind)
    query, centers = vectors[5:], vectors[:5]
    expected = sequential(query, COUNT, centers=centers)
    assert_equal(merged(query, Task(COUNT, centers=centers), parts), expected)


@kinds
@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("preselected", [0, 5])
def test_coral__equals_reference(kind: str, parts: int, preselected: int) -> None:
    vectors = data(kind)
    query, centers = vectors[preselected:], vectors[:preselected]
    scores = np.round(np.random.default_rng(1).random(len(query)), 1)  # ties and zeros among them
    expected = sequential(query, COUNT, centers=centers, scores=scores)
    assert_equal(merged(query, Task(COUNT, coral=True, centers=centers), parts, scores), expected)


@pytest.mark.parametrize("kind", ["isotropic", "grid", "duplicates", "float16"])
@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("coral", [False, True])
@pytest.mark.parametrize("preselected", [0, 5])
def test_min_distance__equals_reference(kind: str, parts: int, coral: bool, preselected: int) -> None:
    vectors = data(kind)
    query, centers = vectors[preselected:], vectors[:preselected]
    scores = np.round(np.random.default_rng(1).random(len(query)), 1) if coral else None
    first = None if coral or preselected else 29
    distance = float(sequential(query, 16, centers=centers, first=first).gains[-1])
    expected = sequential(query, COUNT, centers=centers, first=first, scores=scores, min_distance=distance)
    task = Task(COUNT, coral=coral, centers=centers, first=first, min_distance=distance)
    picks = merged(query, task, parts, scores)
    assert_equal(picks, expected)
    assert 0 < len(picks) < COUNT


@pytest.mark.parametrize("kind", ["isotropic", "grid", "all equal"])
@pytest.mark.parametrize("coral", [False, True])
def test_choose__everything(kind: str, coral: bool) -> None:
    vectors = data(kind)
    scores = np.round(np.random.default_rng(1).random(ROWS), 1) if coral else None
    first = None if coral else 0
    picks = merged(vectors, Task(ROWS, coral=coral, first=first), 3, scores)
    assert sorted(picks.rows.tolist()) == list(range(ROWS))
    assert_equal(picks, sequential(vectors, ROWS, first=first, scores=scores))


def test_coral__with_equal_scores_is_coreset() -> None:
    vectors = data("isotropic")
    coral = merged(vectors[1:], Task(COUNT, coral=True, centers=vectors[:1]), 2, np.ones(ROWS - 1))
    assert_equal(coral, merged(vectors[1:], Task(COUNT, centers=vectors[:1]), 2))


@pytest.mark.parametrize("stop", [1, 2, 17, COUNT - 1, COUNT])
@pytest.mark.parametrize("preselected", [0, 3])
def test_choose__goes_on_after_an_interruption(stop: int, preselected: int) -> None:
    vectors = data("clustered")
    query, centers = vectors[preselected:], vectors[:preselected]
    first = None if preselected else 29
    whole = merged(query, Task(COUNT, centers=centers, first=first), 1)
    made = Picks(whole.rows[:stop], whole.gains[:stop])
    assert_equal(merged(query, Task(COUNT, centers=centers, first=first, made=made), 3), whole)


def _points() -> st.SearchStrategy[list[list[int]]]:
    return st.integers(1, 3).flatmap(
        lambda width: st.lists(st.lists(st.integers(-3, 3), min_size=width, max_size=width), min_size=1, max_size=40)
    )


@given(
    points=_points(),
    parts=st.integers(1, 5),
    share=st.floats(0.01, 1),
    scores=st.none() | st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=40, max_size=40),
    min_distance=st.sampled_from([0.0, 0.0, 1.0, 1.5]),
    scale=st.sampled_from([1.0, 0.1, 1e18, 1e-18]),
)
@settings(max_examples=200, deadline=None)
def test_choose__any_points(  # ties everywhere: coordinates are small integers
    points: list[list[int]],
    parts: int,
    share: float,
    scores: list[float] | None,
    min_distance: float,
    scale: float,
) -> None:
    vectors = np.array(points, np.float32) * np.float32(scale)
    count = max(1, int(share * len(points)))
    weight = None if scores is None else np.array(scores[: len(points)])
    first = None if scores is not None else len(points) // 2
    distance = float(min_distance * np.float32(scale))
    expected = sequential(vectors, count, first=first, scores=weight, min_distance=distance)
    task = Task(count, coral=scores is not None, first=first, min_distance=distance)
    assert_equal(merged(vectors, task, parts, weight), expected)


def test_choose__reports_picks_as_they_are_made() -> None:
    vectors = data("isotropic")
    seen: list[Picks] = []
    outcome = choose(LocalShards([Shard(vectors)]), Task(COUNT, first=3), seen.append)
    assert len(seen) > 2
    np.testing.assert_array_equal(np.concatenate([picks.rows for picks in seen]), outcome.picks.rows)


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The sizes of real runs."""
    with monkeypatch.context() as patch:
        patch.setattr(greedy, "MOST_CANDIDATES", 1024)
        patch.setattr(refresh, "TILE", 512)
        patch.setattr(refresh, "BLOCK", 256)
        patch.setattr(refresh, "PENDING", 128)
        patch.setattr(refresh, "ROWS", 8)
        patch.setattr(shard, "MANY", 256)
        patch.setattr(bounds, "_SLICE", 2**20)
        yield


@pytest.mark.full
@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("shape", ["isotropic", "clustered", "power law"])
def test_coreset__equals_reference_at_size(shape: str) -> None:
    rng = np.random.default_rng(5)
    rows, dimensions = 30_011, 96
    vectors: Vectors = rng.standard_normal((rows, dimensions), dtype=np.float32)
    if shape != "isotropic":
        vectors = vectors / 5 + rng.standard_normal((40, dimensions), dtype=np.float32)[rng.integers(0, 40, rows)]
    if shape == "power law":
        vectors = (vectors * np.arange(1, dimensions + 1) ** -1.0).astype(np.float32)
    expected = sequential(vectors, 2_000, first=17)
    for parts in (1, 5):
        assert_equal(merged(vectors, Task(2_000, first=17), parts), expected)

"""Groups of near duplicates, against a version too slow to be wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lightly_ray.errors import TooLargeError
from lightly_ray.platform.grouping import connected as driver
from lightly_ray.platform.grouping.connected import connected
from lightly_ray.platform.grouping.leaves import LEAF, leaves
from lightly_ray.platform.grouping.links import Near, is_near, limit
from lightly_ray.platform.grouping.units import scales


def plain(vectors: NDArray[np.floating], within: float) -> list[int]:
    """All pairs, in float64; each vector gets the lowest position that it is connected with."""
    wide = vectors.astype(np.float64)
    lengths = np.sqrt(np.square(wide).sum(axis=1))
    labels = np.arange(len(wide))
    there = np.flatnonzero(lengths)
    if len(there):
        units = wide[there] / lengths[there, None]
        pairs = [np.flatnonzero(np.sqrt(np.square(units - one).sum(axis=1)) <= within) for one in units]
        left = np.repeat(np.arange(len(there)), [len(it) for it in pairs])
        near = coo_array((np.ones(len(left)), (left, np.concatenate(pairs))), shape=(len(there), len(there)))
        _, parts = connected_components(near, directed=False)
        _, first = np.unique(parts, return_index=True)
        labels[there] = there[first][np.searchsorted(np.unique(parts), parts)]
    return labels.tolist()


def shuffled(parts: list[NDArray[np.floating]], seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).permutation(np.concatenate(parts)).astype(np.float32)


def kinds() -> dict[str, NDArray[np.float32]]:
    """Each is of several leaves, the last of which has places without a point."""
    rng = np.random.default_rng(4)
    noise = rng.normal(size=(500, 40))
    near = noise[:150] * (1 + rng.normal(0, 0.01, (150, 40)))
    falling = noise * np.arange(1, 41) ** -1.5
    angles = np.cumsum(rng.uniform(0.01, 0.06, 100))  # a long chain; some of its steps are too long
    chain = np.column_stack([np.cos(angles), np.sin(angles), np.zeros((100, 38))])
    turned = np.linalg.qr(rng.normal(size=(40, 40)))[0]
    return {
        "clusters": shuffled([noise[:40].repeat(16, axis=0) + rng.normal(0, 0.04, (640, 40))]),
        "isotropic": shuffled([noise, near]),
        "falling": shuffled([falling, falling[:150] * (1 + rng.normal(0, 0.02, (150, 40)))]),
        "all equal": np.full((700, 40), 0.3, dtype=np.float32),
        "mostly equal": shuffled([noise[:200], np.full((500, 40), 0.3)]),
        "dense": shuffled([1 + rng.normal(0, 0.03, (650, 40))]),
        "zeros": shuffled([noise, np.zeros((100, 40)), near]),
        "a chain": shuffled([noise, chain @ turned, chain[:50] * 7 @ turned]),
        "wide": shuffled([rng.normal(size=(280, 130)).repeat(2, axis=0) + rng.normal(0, 0.003, (560, 130))]),
        "a line": shuffled([np.sort(rng.normal(size=(600, 1)))]),
    }


KINDS = kinds()


@pytest.mark.parametrize("within", [0, 0.03, 0.1, 0.5, 1.3, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_connected__equals_all_pairs(kind: str, within: float) -> None:
    assert connected(KINDS[kind], within).tolist() == plain(KINDS[kind], within)


def test_kinds__have_groups_that_are_neither_all_nor_single() -> None:
    for kind, within in {"clusters": 0.1, "isotropic": 0.03, "falling": 0.1, "a chain": 0.03, "wide": 0.03}.items():
        sizes = np.unique(connected(KINDS[kind], within), return_counts=True)[1]
        assert len(sizes) > 20, kind
        assert sizes.max() > 1, kind


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_connected__on_any_number_of_threads(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [connected(KINDS[kind], 0.1).tolist() for kind in KINDS]
    monkeypatch.setattr(driver, "_THREADS", threads)
    assert [connected(KINDS[kind], 0.1).tolist() for kind in KINDS] == expected


@pytest.mark.parametrize("count", [1, 2, LEAF - 1, LEAF, LEAF + 1, 2 * LEAF, 5 * LEAF + 3])
def test_connected__of_any_number(count: int) -> None:
    rng = np.random.default_rng(count)
    centers = rng.normal(size=(30, 5))
    vectors = (centers[rng.integers(0, 30, count)] + rng.normal(0, 0.02, (count, 5))).astype(np.float32)
    assert connected(vectors, 0.05).tolist() == plain(vectors, 0.05)


def test_connected__chains_over_leaves() -> None:
    # 1400 steps of 0.004 around a circle, shuffled: one chain, until one of them is taken out.
    angles = np.random.default_rng(1).permutation(1400) * 0.004
    circle = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    assert set(connected(circle, 0.00401).tolist()) == {0}
    assert len(set(connected(circle[angles != 0.4], 0.00401).tolist())) == 2
    assert len(set(connected(circle, 0.00399).tolist())) == 1400


def test_connected__equal_scaled_and_zero_vectors() -> None:
    base = np.random.default_rng(2).normal(size=(3, 4)).astype(np.float32)
    vectors = np.concatenate([base, base, np.zeros((2, 4), np.float32), base * np.float32(4)])
    assert connected(vectors, 0).tolist() == [0, 1, 2, 0, 1, 2, 6, 7, 0, 1, 2]
    assert connected(np.zeros((3, 4), np.float32), 2).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("dtype", "scale"),
    [(np.float16, 1e-2), (np.float16, 1e3), (np.float32, 1e-30), (np.float32, 1e30), (np.float64, 1e-300)],
)
def test_connected__any_scale(dtype: type[np.floating], scale: float) -> None:
    vectors: NDArray[np.floating] = (np.random.default_rng(3).normal(size=(40, 3)) * scale).astype(dtype)
    labels = connected(vectors, 0.3).tolist()
    assert labels == plain(vectors.astype(np.float64) / scale, 0.3)
    assert 1 < len(set(labels)) < 40


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 4))
def test_connected__on_grids_with_ties(seed: int, count: int, dimensions: int) -> None:
    vectors = np.random.default_rng(seed).integers(-2, 3, (count, dimensions)).astype(np.float32)
    for within in (0, 0.5, np.sqrt(2), 2):
        assert connected(vectors, float(within)).tolist() == plain(vectors, float(within))


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 7, 8, 40, 64, 70]), st.sampled_from([0, 1e-7, 1e-4, 0.01]))
def test_connected__leading_coordinates_hide_no_near_pair(seed: int, dimensions: int, step: float) -> None:
    """At the very distance of two vectors they are near, whatever float32 makes of them."""
    rng = np.random.default_rng(seed)
    one = rng.normal(size=dimensions)
    others = rng.normal(size=(300, dimensions))
    vectors = np.vstack([one, one + rng.normal(size=dimensions) * step, others])
    found = scales(vectors)
    wide = vectors[:2] / found[:2, :1] / found[:2, 1:]
    within = float(np.sqrt(sum(np.square(wide[0] - wide[1]).tolist())))
    tree = leaves(vectors, found, np.arange(len(vectors)))
    assert is_near(Near(vectors, found, within, limit(within, tree.leading.shape[1])), 0, 1)
    assert connected(vectors, within)[1] == 0


def test_connected__tells_how_far_it_is() -> None:
    said: list[tuple[int, int]] = []
    connected(KINDS["isotropic"], 0.1, progress=lambda done, total: said.append((done, total)))
    shares = [done / total for done, total in said]
    assert shares == sorted(shares)
    assert len(shares) > 2
    assert shares[-1] == 1


def test_connected__too_much_work_is_refused_before_it_is_begun() -> None:
    said: list[int] = []
    noise = np.random.default_rng(5).normal(size=(4000, 60)).astype(np.float32)
    with pytest.raises(TooLargeError, match=r"of the 4000 samples are hardly farther apart than 1: .* times as long"):
        connected(noise, 1, progress=lambda done, _total: said.append(done), most_work=1e8)
    assert said == []
    # Near ones are soon one group, and take little.
    assert set(connected(np.ones((4000, 60), np.float32), 1, most_work=1e8).tolist()) == {0}
    assert len(set(connected(noise, 0.1, most_work=1e8).tolist())) == 4000

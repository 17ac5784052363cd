"""Groups of near duplicates and nearest neighbours, against versions too slow to be wrong."""

import io
import itertools

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lightly_ray.data.vectors import fixed_lists
from lightly_ray.errors import TooLargeError
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services import groups as near
from lightly_ray.platform.services import users, vector_file
from lightly_ray.platform.services.groups import connected
from lightly_ray.platform.services.neighbours import _Nearest
from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.store import datasets, embeddings


def plain(vectors: NDArray[np.floating], within: float) -> list[int]:
    """All pairs, in float64, joined until nothing changes."""
    wide = vectors.astype(np.float64)
    lengths = np.sqrt(np.square(wide).sum(axis=1))
    labels = list(range(len(wide)))
    for left, right in itertools.combinations(range(len(wide)), 2):
        if lengths[left] and lengths[right]:
            step = wide[left] / lengths[left] - wide[right] / lengths[right]
            if np.sqrt(np.square(step).sum()) <= within:
                low, high = sorted([labels[left], labels[right]])
                labels = [low if label == high else label for label in labels]
    return labels


@pytest.mark.parametrize("within", [0, 0.05, 0.3, 0.8, 2])
@pytest.mark.parametrize(("count", "dimensions"), [(1, 3), (97, 2), (311, 5), (260, 40)])
def test_connected__equals_all_pairs(count: int, dimensions: int, within: float) -> None:
    rng = np.random.default_rng(count)
    centers = rng.normal(size=(30, dimensions))
    vectors = (centers[rng.integers(0, 30, count)] + rng.normal(0, 0.02, (count, dimensions))).astype(np.float32)
    assert connected(vectors, within).tolist() == plain(vectors, within)


def test_connected__chains_over_tiles() -> None:
    # 400 steps of 0.004 around a circle, shuffled: one chain, until one of them is taken out.
    angles = np.random.default_rng(1).permutation(400) * 0.004
    circle = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    assert set(connected(circle, 0.00401).tolist()) == {0}
    assert len(set(connected(circle[angles != 0.4], 0.00401).tolist())) == 2
    assert len(set(connected(circle, 0.00399).tolist())) == 400


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


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 4))
def test_connected__on_grids_with_ties(seed: int, count: int, dimensions: int) -> None:
    vectors = np.random.default_rng(seed).integers(-2, 3, (count, dimensions)).astype(np.float32)
    for within in (0, 0.5, np.sqrt(2), 2):
        assert connected(vectors, float(within)).tolist() == plain(vectors, float(within))


def test_groups__too_many_is_one_clear_error(platform: Platform) -> None:
    with platform.database.write() as db:
        dataset_id = datasets.create(db, users.admin(db).id, "too many")
        made = embeddings.get_or_create(db, dataset_id, "large one").id
        embeddings.add_version(db, made, embeddings.Upload("none", "0", near.MOST + 1, 8))
        embedding = embeddings.find(db, made)
    with pytest.raises(TooLargeError, match=r"at most 50000 samples, the embedding 'large one' has 50001"):
        near.groups(platform, embedding, 0.1)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("kind", ["normal", "grid", "shifted", "huge", "tiny"])
def test_nearest__equals_sorting_all(dtype: type[np.floating], kind: str) -> None:
    rng = np.random.default_rng(7)
    vectors: NDArray[np.floating] = {
        "normal": rng.normal(size=(500, 6)),
        "grid": rng.integers(0, 3, (500, 6)).astype(float),  # most distances are equal
        "shifted": rng.normal(size=(500, 6)) + 1000,
        "huge": rng.normal(size=(500, 6)) * (1e25 if dtype is np.float32 else 1e4),  # squares leave float32
        "tiny": rng.normal(size=(500, 6)) * (1e-25 if dtype is np.float32 else 1e-3),
    }[kind].astype(dtype)
    rows = np.arange(500) * 3
    squares = np.square(vectors.astype(np.float64) - vectors[17].astype(np.float64)).sum(axis=1)
    order = np.lexsort((rows, squares))
    for count, step in itertools.product((1, 2, 9, 499, 600), (77, 500)):
        nearest = _Nearest(vectors[17], count)
        for start in range(0, 500, step):
            nearest.add(rows[start : start + step], vectors[start : start + step])
        assert nearest.rows.tolist() == rows[order][:count].tolist()
        assert nearest.squares.tolist() == squares[order][:count].tolist()


def test_vector_at__of_every_row_group_and_batch(blobs: Blobs) -> None:
    vectors = np.arange(34_000 * 32, dtype=np.float32).reshape(-1, 32)  # more than one batch
    out = io.BytesIO()
    with pq.ParquetWriter(out, pa.schema([("embedding", pa.list_(pa.float32(), 32))])) as writer:
        for part in (vectors[:7], vectors[7:33_500], vectors[33_500:]):
            writer.write_table(pa.table({"embedding": fixed_lists(part)}))
    out.seek(0)
    blobs.put("vectors", out)
    for line in (0, 6, 7, 33_000, 33_499, 33_500, 33_999):
        np.testing.assert_array_equal(vector_file.vector_at(blobs, "vectors", line), vectors[line])
    starts, parts = zip(*vector_file.batches(blobs, "vectors"), strict=True)
    assert len(parts) > 1
    assert list(starts) == [0, *np.cumsum([len(part) for part in parts])[:-1].tolist()]
    np.testing.assert_array_equal(np.concatenate(parts), vectors)

"""Too many samples to group; nearest neighbours, against a version too slow to be wrong; vectors of a file."""

import io
import itertools

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from lightly_ray.data.vectors import fixed_lists
from lightly_ray.errors import TooLargeError
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services import groups as near
from lightly_ray.platform.services import users, vector_file
from lightly_ray.platform.services.neighbours import _Nearest
from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.store import datasets, embeddings


def test_groups__too_many_is_one_clear_error(platform: Platform) -> None:
    with platform.database.write() as db:
        dataset_id = datasets.create(db, users.admin(db).id, "too many")
        made = embeddings.get_or_create(db, dataset_id, "large one").id
        embeddings.add_version(db, made, embeddings.Upload("none", "0", near.MOST + 1, 8))
        embedding = embeddings.find(db, made)
    with pytest.raises(TooLargeError, match=r"at most 1000000 samples, the embedding 'large one' has 1000001"):
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
    np.testing.assert_array_equal(vector_file.whole(blobs, "vectors"), vectors)

"""`lightly_ray.select` from and to an object store that speaks S3, over HTTP."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lightly_ray
from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError, NotFoundError

X = np.random.default_rng(0).normal(size=(203, 6)).astype(np.float32)
NAMES = [f"folder {row % 3}/{row:03d}.png" for row in range(203)]


@pytest.fixture(scope="module")
def bucket(s3_options: str) -> str:
    """A bucket with four Parquet files; what its URIs end in."""
    column = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), 6)
    table = pa.table({"filename": NAMES, "embedding": column})
    for part, start in enumerate(range(0, 203, 60)):
        place = Location.parse(f"s3://key:secret@images/select/my embeddings/{part}.parquet{s3_options}")
        system, inside = place.filesystem, place.path
        pq.write_table(table.slice(start, 60), inside, filesystem=system, row_group_size=17)
    return s3_options


def test_select__from_s3_to_s3(bucket: str) -> None:
    expected = lightly_ray.select(X, 40, "coreset", ids=NAMES, progress=False)
    for name in ("my embeddings", "my embeddings/*.parquet", "my embeddings/?.parquet"):
        options: dict[str, Any] = {"checkpoint": f"s3://key:secret@images/select/picks{bucket}"} if "*" in name else {}
        found = lightly_ray.select(
            f"s3://key:secret@images/select/{name}{bucket}", 40, "coreset", progress=False, **options
        )
        assert found.ids == expected.ids
    target = f"s3://key:secret@images/select/out/selection.parquet{bucket}"
    found.to_parquet(target)
    content = Location.parse(target).read()
    assert content is not None
    assert pq.read_table(pa.BufferReader(content)).column("filename").to_pylist() == expected.ids
    again = lightly_ray.select(
        f"s3://key:secret@images/select/my embeddings{bucket}", 40, "coreset", progress=False, **options
    )
    assert again.ids == expected.ids


@pytest.mark.full
def test_select__shards_read_s3_themselves(bucket: str, ray_local: None) -> None:
    expected = lightly_ray.select(X, 40, "coreset", ids=NAMES, progress=False)
    found = lightly_ray.select(
        f"s3://key:secret@images/select/my embeddings{bucket}", 40, "coreset", progress=False, partitions=2
    )
    assert found.ids == expected.ids


def test_select__what_is_not_there(bucket: str) -> None:
    with pytest.raises(NotFoundError, match=r"there is no \.parquet file at 's3://images/select/nowhere"):
        lightly_ray.select(f"s3://key:secret@images/select/nowhere{bucket}", 3, "coreset")
    with pytest.raises((NotFoundError, InvalidInputError), match="other/x"):
        lightly_ray.select(f"s3://key:secret@other/x.parquet{bucket}", 3, "coreset")
    with pytest.raises(InvalidInputError, match="cannot write"):
        lightly_ray.select(X, 3, "coreset", progress=False).to_parquet(f"s3://key:secret@other/x.parquet{bucket}")

"""`lightly_ray.select` from and to an object store that speaks S3, over HTTP."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lightly_ray
from lightly_ray.data.paths import locate, read_whole
from lightly_ray.errors import InvalidInputError, NotFoundError
from tests.conftest import missing

X = np.random.default_rng(0).normal(size=(203, 6)).astype(np.float32)
NAMES = [f"folder {row % 3}/{row:03d}.png" for row in range(203)]


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A bucket with four Parquet files; yields what its URIs end in."""
    try:
        import boto3
        from moto.server import ThreadedMotoServer
    except ImportError as error:
        missing("s3", str(error))
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("ACCESS_KEY_ID", "test"), ("SECRET_ACCESS_KEY", "test"), ("DEFAULT_REGION", "us-east-1")):
            patch.setenv(f"AWS_{name}", value)
        client: Any = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}")
        client.create_bucket(Bucket="samples")
        query = f"?scheme=http&endpoint_override=127.0.0.1:{port}&region=us-east-1"
        column = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), 6)
        table = pa.table({"filename": NAMES, "embedding": column})
        for part, start in enumerate(range(0, 203, 60)):
            system, inside = locate(f"s3://test:test@samples/my embeddings/{part}.parquet{query}")
            pq.write_table(table.slice(start, 60), inside, filesystem=system, row_group_size=17)
        yield query
    server.stop()


def test_select__from_s3_to_s3(bucket: str) -> None:
    expected = lightly_ray.select(X, 40, ids=NAMES, progress=False)
    for name in ("my embeddings", "my embeddings/*.parquet", "my embeddings/?.parquet"):
        options: dict[str, Any] = {"checkpoint": f"s3://test:test@samples/picks{bucket}"} if "*" in name else {}
        found = lightly_ray.select(f"s3://test:test@samples/{name}{bucket}", 40, progress=False, **options)
        assert found.ids == expected.ids
    target = f"s3://test:test@samples/out/selection.parquet{bucket}"
    found.to_parquet(target)
    content = read_whole(target)
    assert content is not None
    assert pq.read_table(pa.BufferReader(content)).column("filename").to_pylist() == expected.ids
    again = lightly_ray.select(f"s3://test:test@samples/my embeddings{bucket}", 40, progress=False, **options)
    assert again.ids == expected.ids


def test_select__shards_read_s3_themselves(bucket: str, ray_local: None) -> None:
    expected = lightly_ray.select(X, 40, ids=NAMES, progress=False)
    found = lightly_ray.select(f"s3://test:test@samples/my embeddings{bucket}", 40, progress=False, partitions=2)
    assert found.ids == expected.ids


def test_select__what_is_not_there(bucket: str) -> None:
    with pytest.raises(NotFoundError, match=r"no \.parquet file at 'samples/nowhere'"):
        lightly_ray.select(f"s3://test:test@samples/nowhere{bucket}", 3)
    with pytest.raises((NotFoundError, InvalidInputError), match="other/x"):
        lightly_ray.select(f"s3://test:test@other/x.parquet{bucket}", 3)
    with pytest.raises(InvalidInputError, match="cannot write"):
        lightly_ray.select(X, 3, progress=False).to_parquet(f"s3://test:test@other/x.parquet{bucket}")

"""Predictions in an object store that speaks S3, over HTTP: read there by the tasks that score them."""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightly_ray.active_learning.scorers import ScorerClassification, ScorerSemanticSegmentation
from lightly_ray.data.paths import locate
from lightly_ray.errors import NotFoundError
from lightly_ray.parallel.score import score
from lightly_ray.settings import parse
from lightly_ray.workflow.score_predictions import ScorePredictionsSettings, run_score_predictions
from tests.conftest import missing

pytestmark = pytest.mark.usefixtures("ray_local")
VALUES = np.random.default_rng(7).dirichlet(np.ones(4), 31)
NAMES = [f"folder {row % 3}/{row:02}.jpg" for row in range(31)]
MAPS = {f"sub/{row} a.png": VALUES[row : row + 6].reshape(2, 3, 4) for row in range(5)}


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A bucket with predictions; yields what its URIs end in."""
    try:
        import boto3
        from moto.server import ThreadedMotoServer
    except ImportError as error:
        missing("s3", str(error))
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    client: Any = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", **keys)
    client.create_bucket(Bucket="samples")
    query = f"?scheme=http&endpoint_override=127.0.0.1:{port}&region=us-east-1"
    table = pa.table({"filename": NAMES, "probabilities": VALUES.tolist()})
    system, inside = locate(_at("tables/p.parquet", query))
    pq.write_table(table, inside, filesystem=system)
    for name, one in MAPS.items():
        content = io.BytesIO()
        np.save(content, one)
        client.put_object(Bucket="samples", Key=f"maps/{name}.npy", Body=content.getvalue())
    yield query
    server.stop()


def _at(key: str, query: str) -> str:
    return f"s3://test:test@samples/{key}{query}"


def _by_name(table: pa.Table, score_name: str) -> dict[str, float]:
    return dict(zip(table["filename"].to_pylist(), table[score_name].to_pylist(), strict=True))


def test_score__tables_and_maps_of_a_bucket(bucket: str) -> None:
    expected = ScorerClassification(VALUES).calculate_scores()["uncertainty_margin"]
    for key in ("tables", "tables/p.parquet", "tables/*.parquet"):
        dataset = score(_at(key, bucket), task="classification")
        blocks: Any = dataset.iter_batches(batch_format="pyarrow", batch_size=None)
        found = _by_name(pa.concat_tables(blocks), "uncertainty_margin")
        assert found == dict(zip(NAMES, expected, strict=True))
    blocks = score(_at("maps", bucket), task="segmentation").iter_batches(batch_format="pyarrow", batch_size=None)
    expected = ScorerSemanticSegmentation(MAPS).calculate_scores()["uncertainty_entropy"]
    assert _by_name(pa.concat_tables(blocks), "uncertainty_entropy") == dict(zip(MAPS, expected, strict=True))


def test_job__from_a_bucket_to_it(bucket: str) -> None:
    words = [
        f"predictions={_at('tables', bucket)}",
        "task=classification",
        f"output={_at('out/scores.parquet', bucket)}",
    ]
    settings = parse(ScorePredictionsSettings, words)
    result = run_score_predictions(settings)
    assert result["samples"] == 31
    system, inside = locate(settings.output)
    assert pq.read_table(inside, filesystem=system).num_rows == 31
    assert run_score_predictions(settings) == result


def test_score__nothing_there(bucket: str) -> None:
    with pytest.raises(NotFoundError, match="no file or folder"):
        score(_at("absent.parquet", bucket), task="classification")

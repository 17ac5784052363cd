"""Predictions in an object store that speaks S3, over HTTP: read there by the tasks that score them."""

import io
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightly_ray.active_learning.scorers import (
    ScorerClassification,
    ScorerObjectDetection,
    ScorerSemanticSegmentation,
)
from lightly_ray.active_learning.utils import BoundingBox, ObjectDetectionOutput
from lightly_ray.data.location import Location
from lightly_ray.errors import NotFoundError
from lightly_ray.parallel.scoring.score import score
from lightly_ray.settings import parse
from lightly_ray.workflow.score_predictions import ScorePredictionsSettings, run_score_predictions

pytestmark = pytest.mark.usefixtures("ray_local")
VALUES = np.random.default_rng(7).dirichlet(np.ones(4), 31)
NAMES = [f"folder {row % 3}/{row:02}.jpg" for row in range(31)]
BOXES = {f"sub/{row} b.jpg": [(row % 3, 0.5 + row / 20), (1, 0.25)][: 1 + row % 2] for row in range(9)}
MAPS = {f"sub/{row} a.png": VALUES[row : row + 6].reshape(2, 3, 4) for row in range(5)}


@pytest.fixture(scope="module")
def bucket(s3_options: str) -> str:
    """A bucket with predictions; what its URIs end in."""
    table = io.BytesIO()
    pq.write_table(pa.table({"filename": NAMES, "probabilities": VALUES.tolist()}), table)
    _put("tables/p.parquet", s3_options, table.getvalue())
    for name, one in MAPS.items():
        content = io.BytesIO()
        np.save(content, one)
        _put(f"maps/{name}.npy", s3_options, content.getvalue())
    for name, boxes in BOXES.items():
        lines = [f"{label} 0.5 0.5 0.25 0.25 {confidence}\n" for label, confidence in boxes]
        _put(f"texts/{name}.txt", s3_options, "".join(lines).encode())
    entries = [
        {"image_id": name, "category_id": label, "score": confidence}
        for name, boxes in BOXES.items()
        for label, confidence in boxes
    ]
    _put("boxes.json", s3_options, json.dumps(entries).encode())
    return s3_options


def _at(key: str, query: str) -> str:
    return f"s3://key:secret@images/scores/{key}{query}"


def _put(key: str, query: str, content: bytes) -> None:
    place = Location.parse(_at(key, query))
    system, inside = place.filesystem, place.path
    with system.open_output_stream(inside) as stream:
        stream.write(content)


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


@pytest.mark.full
@pytest.mark.parametrize("key", ["texts", "boxes.json"])
def test_score__boxes_of_a_bucket(key: str, bucket: str) -> None:
    outputs = [
        ObjectDetectionOutput.from_scores(
            [BoundingBox(0, 0, 1, 1)] * len(boxes),
            [confidence for _, confidence in boxes],
            [label for label, _ in boxes],
        )
        for boxes in BOXES.values()
    ]
    blocks: Any = score(_at(key, bucket), task="detection").iter_batches(batch_format="pyarrow", batch_size=None)
    table = pa.concat_tables(blocks)
    for name, expected in ScorerObjectDetection(outputs).calculate_scores().items():
        assert _by_name(table, name) == dict(zip(BOXES, expected, strict=True))


def test_job__from_a_bucket_to_it(bucket: str) -> None:
    words = [
        f"predictions={_at('tables', bucket)}",
        "task=classification",
        f"output={_at('out/scores.parquet', bucket)}",
    ]
    settings = parse(ScorePredictionsSettings, words)
    result = run_score_predictions(settings)
    assert result["samples"] == 31
    place = Location.parse(settings.output)
    system, inside = place.filesystem, place.path
    assert pq.read_table(inside, filesystem=system).num_rows == 31
    assert run_score_predictions(settings) == result


def test_score__nothing_there(bucket: str) -> None:
    with pytest.raises(NotFoundError, match="no file or folder"):
        score(_at("absent.parquet", bucket), task="classification")

"""A node of a cluster is gone from one moment to the next while a job runs: the result is the undisturbed one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cluster.raylets import Job, Raylets
from tests.digits import write_digits

pytestmark = pytest.mark.full


class Nodes:
    """A head, where the drivers are, and a second node: a new one whenever the one before is gone."""

    def __init__(self, raylets: Raylets) -> None:
        self.raylets, self.second = raylets, 1

    def lose_while(self, job: Job, what: str) -> None:
        """Kill the second node when one of its workers is at ``what``, and add another one."""
        job.wait_until(lambda: self.raylets.works(self.second, what))
        self.raylets.kill(self.second)
        assert job.process.poll() is None
        self.second = self.raylets.add()


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    with Raylets([{}, {}]) as raylets:
        yield Nodes(raylets)


def _table(rows: int, width: int, column: str) -> pa.Table:
    values = np.random.default_rng(0).dirichlet(np.ones(width), rows).astype(np.float32)
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), width)
    return pa.table({"filename": [f"{row:07}.jpg" for row in range(rows)], column: vectors})


def _images(folder: Path) -> list[str]:
    return [f"input_dir={write_digits(folder / 'digits', every=5)}"]


def _predictions(folder: Path) -> list[str]:
    pq.write_table(_table(1_200_000, 20, "probabilities"), folder / "predictions.parquet", row_group_size=20_000)
    return [f"predictions={folder}/predictions.parquet", "task=classification"]


def _embeddings(folder: Path) -> list[str]:
    pq.write_table(_table(200_000, 40, "embedding"), folder / "embeddings.parquet", row_group_size=10_000)
    return [f"embeddings={folder}/embeddings.parquet", "method=coreset", "n_samples=4000", "partitions=4"]


@pytest.mark.parametrize(
    ("job", "given", "what"),
    [
        ("embed_images", _images, "_EmbedImages)).submit"),
        ("score_predictions", _predictions, "_score_predictions"),
        ("select_samples", _embeddings, "_sum_for_whitening"),
        ("select_samples", _embeddings, "ShardActor.propose"),
    ],
)
def test_job__a_lost_node_changes_nothing(
    nodes: Nodes, tmp_path: Path, job: str, given: Callable[[Path], list[str]], what: str
) -> None:
    words = given(tmp_path)
    expected = nodes.raylets.job(job, *words, f"output={tmp_path}/undisturbed.parquet").result()
    disturbed = nodes.raylets.job(job, *words, f"output={tmp_path}/disturbed.parquet")
    nodes.lose_while(disturbed, what)
    found = disturbed.result()
    paths = {"output", "embedder"}
    assert {key: found[key] for key in found.keys() - paths} == {key: expected[key] for key in expected.keys() - paths}
    one, other = (pq.read_table(tmp_path / f"{name}.parquet") for name in ("undisturbed", "disturbed"))
    assert other.replace_schema_metadata() == one.replace_schema_metadata()
    assert not list(tmp_path.glob("*.parts")) + list(tmp_path.glob("*.checkpoint"))

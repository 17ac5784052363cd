"""embed -> select -> train -> score -> select, as jobs on a cluster of two raylets; the agent agrees."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightly_ray.active_learning.agents import ActiveLearningAgent
from lightly_ray.active_learning.config import SamplerConfig, SamplingMethod
from lightly_ray.active_learning.scorers import ScorerClassification
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.embedding.classifier import Classifier
from lightly_ray.platform.embedded import EmbeddedPlatform
from tests.cluster.submitter import Submitter, cluster_with_a_token
from tests.digits import write_digits

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def submit() -> Iterator[Submitter]:
    with cluster_with_a_token() as submitter:
        yield submitter


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Every fourth of the handwritten digits: a folder per class."""
    return write_digits(tmp_path / "digits", every=4)


def _predictions(embeddings: str, labelled: list[str]) -> tuple[list[str], np.ndarray]:
    table = pq.read_table(embeddings)
    names = table["filename"].to_pylist()
    vectors = np.array(table["embedding"].to_pylist(), dtype=np.float32)
    row = {name: place for place, name in enumerate(names)}
    rows = [row[name] for name in labelled]
    classes = sorted({name.split("/")[0] for name in names})
    classifier = Classifier(vectors[rows], [name.split("/")[0] for name in labelled], classes)
    return names, classifier.probabilities(vectors)


def _chain(submit: Submitter, embeddings: str, there: list[str], folder: Path) -> ScorerClassification:
    """Select 100 by CORESET, train on them, score, select 200 by CORAL: tags job-1 and job-2. Returns the scorer."""
    first, second, scores = (str(folder / f"{name}.parquet") for name in ("first", "second", "scores"))
    submit(
        "select_samples",
        f"embeddings={embeddings}",
        "method=coreset",
        "n_samples=100",
        f"output={first}",
        *there,
        "name=job-1",
    )
    names, probabilities = _predictions(embeddings, pq.read_table(first)["filename"].to_pylist())
    predictions = pa.table({"filename": names, "probabilities": pa.array(list(probabilities))})
    pq.write_table(predictions, folder / "predictions.parquet")
    submit("score_predictions", f"predictions={folder}/predictions.parquet", "task=classification", f"output={scores}")
    words = [f"embeddings={embeddings}", f"scores={scores}", f"preselected={first}", "method=coral", "n_samples=200"]
    submit("select_samples", *words, f"output={second}", *there, "name=job-2")
    return ScorerClassification(dict(zip(names, probabilities, strict=True)))


def test_jobs__give_the_tags_that_the_agent_gives(submit: Submitter, images: Path, tmp_path: Path) -> None:
    embeddings = str(tmp_path / "embeddings.parquet")
    submit("embed_images", f"input_dir={images}", "model=descriptor", f"output={embeddings}")
    with EmbeddedPlatform(tmp_path / "platform") as platform:
        client = ApiWorkflowClient(platform.token, server=platform.url)
        client.create_dataset("chain")
        client.upload_dataset(images, mode="metadata")
        table = pq.read_table(embeddings)
        vectors = np.array(table["embedding"].to_pylist(), dtype=np.float32)
        client.upload_embeddings_from_arrays(table["filename"].to_pylist(), vectors)
        (tmp_path / "token").write_text(platform.token)
        there = [f"server={platform.url}", f"token_file={tmp_path / 'token'}", f"dataset_id={client.dataset_id}"]
        scorer = _chain(submit, embeddings, there, tmp_path)

        agent = ActiveLearningAgent(client)
        agent.query(SamplerConfig(SamplingMethod.CORESET, 100, name="agent-1"))
        agent.query(SamplerConfig(SamplingMethod.CORAL, 200, name="agent-2"), scorer)
        tags = {tag.name: tag for tag in client.get_all_tags()}
        assert tags["job-1"].bit_mask_data == tags["agent-1"].bit_mask_data
        assert tags["job-2"].bit_mask_data == tags["agent-2"].bit_mask_data
        assert client.get_tag_provenance(tags["job-2"].id)["declared"]["settings"]["score"] == "uncertainty_margin"


def test_cluster__takes_no_job_with_another_token(submit: Submitter) -> None:
    assert submit.refuses(RAY_AUTH_TOKEN="0" * 64)

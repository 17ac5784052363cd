"""embed -> select -> train -> score -> select, as jobs on a cluster of two raylets; the agent agrees."""

import json
import os
import secrets
import subprocess
import sys
import time
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
from tests.digits import write_digits

PROJECT = Path(__file__).parents[2]

START = """
import sys, tempfile
from contextlib import ExitStack
from pathlib import Path
from ray.cluster_utils import Cluster

with ExitStack() as stack:
    # A folder for each node, as on machines of their own: in a shared one each unpacks the working directory of a job
    # over that of the other, under the feet of the running job.
    head, other = (
        stack.enter_context(tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True)) for _ in range(2)
    )
    # Ray takes the first free port for its dashboard, and any for its agents: none can be taken in between.
    node = {"num_cpus": 1, "object_store_memory": 300_000_000, "dashboard_agent_listen_port": 0}
    dashboard = {"include_dashboard": True, "dashboard_host": "127.0.0.1"}
    cluster = Cluster(initialize_head=True, head_node_args={**node, **dashboard, "temp_dir": head})
    cluster.add_node(**node, temp_dir=other)
    cluster.wait_for_nodes()
    for folder in (head, other):  # as `ray start` does; without it jobs are sent to any Ray that runs on this machine
        Path(folder, "ray_current_cluster").write_text(cluster.address)
    print(cluster.head_node.address_info["webui_url"], flush=True)
    sys.stdin.read()
    cluster.shutdown()
"""


class Submitter:
    """Submits jobs to a cluster that takes them with a token only."""

    def __init__(self, address: str, environment: dict[str, str]) -> None:
        self.address, self._environment = address, environment

    def __call__(self, job: str, *words: str) -> dict[str, object]:
        """Submit a job, wait for it, and return its line of JSON."""
        command = ["-m", "ray.scripts.scripts", "job", "submit", "--address", self.address, "--working-dir", "."]
        done = self.run([*command, "--", "python", f"jobs/{job}.py", *words])
        assert done.returncode == 0, done.stdout + done.stderr
        result: dict[str, object] = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
        return result

    def wait(self) -> None:
        """Until the cluster takes jobs: its agents start after its nodes."""
        for _ in range(180):
            probe = self.run(["-m", "ray.scripts.scripts", "job", "submit", "--address", self.address, "--", "true"])
            if probe.returncode == 0:
                return
            time.sleep(1)
        pytest.fail(f"the cluster takes no jobs: {probe.stderr[-500:]}")

    def run(self, words: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words],
            cwd=PROJECT,
            env={**self._environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def submit() -> Iterator[Submitter]:
    """A cluster of two raylets in a process of its own, with token authentication."""
    scripts = Path(sys.executable).parent
    environment = {
        **{name: value for name, value in os.environ.items() if name not in {"RAY_ADDRESS", "RAY_AUTH_TOKEN_PATH"}},
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "PATH": f"{scripts}:{os.environ['PATH']}",
    }
    with subprocess.Popen(
        [sys.executable, "-c", START],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as cluster:
        assert cluster.stdout is not None
        assert cluster.stdin is not None
        dashboard = cluster.stdout.readline().strip()
        assert dashboard, "the cluster did not start"
        try:
            submitter = Submitter(f"http://{dashboard}", environment)
            submitter.wait()
            yield submitter
        finally:
            cluster.stdin.close()
            cluster.wait(timeout=60)


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


def test_cluster__takes_no_job_without_a_token(submit: Submitter) -> None:
    words = ["-m", "ray.scripts.scripts", "job", "submit", "--address", submit.address, "--", "true"]
    refused = submit.run(words, RAY_AUTH_TOKEN="0" * 64)
    assert refused.returncode != 0

"""What else happens to jobs on a cluster: drivers and heads that die, memory and object stores that are full.

Each ends in the result of the undisturbed run, or in one clear error with nothing half-done; none hangs.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lightly_ray
from tests.cluster import given, spilling
from tests.cluster.raylets import Job, Raylets

pytestmark = pytest.mark.full


def _table(path: Path) -> pa.Table:
    return pq.read_table(path).replace_schema_metadata()


@pytest.fixture(scope="module")
def raylets() -> Iterator[Raylets]:
    with Raylets([{}, {}]) as raylets:
        yield raylets


def _begun(output: Path) -> bool:
    """Whether there is something to go on behind."""
    return output.with_suffix(".parquet.checkpoint").exists() or any(output.parent.glob(f"{output.name}.parts/*"))


@pytest.mark.parametrize(
    ("job", "inputs"), [("score_predictions", given.predictions), ("select_samples", given.embeddings)]
)
def test_driver__killed_and_submitted_again(
    raylets: Raylets, tmp_path: Path, job: str, inputs: Callable[[Path], list[str]]
) -> None:
    words, output = inputs(tmp_path), tmp_path / "output.parquet"
    raylets.job(job, *words, f"output={tmp_path}/undisturbed.parquet").result()
    first = raylets.job(job, *words, f"output={output}")
    first.wait_until(lambda: _begun(output))
    first.kill()
    assert not output.exists()
    again = raylets.job(job, *words, f"output={output}")
    again.result()
    if job == "select_samples":  # scores are kept every 10 seconds alone
        assert "an earlier run made" in again.said
    assert _table(output) == _table(tmp_path / "undisturbed.parquet")
    assert not _begun(output)


def test_head__killed_is_one_clear_error_and_a_new_cluster_goes_on(tmp_path: Path) -> None:
    words, output = given.embeddings(tmp_path), tmp_path / "output.parquet"
    with Raylets([{}, {}]) as raylets:
        raylets.job("select_samples", *words, f"output={tmp_path}/undisturbed.parquet").result()
        job = raylets.job("select_samples", *words, f"output={output}")
        job.wait_until(lambda: _begun(output))
        raylets.kill(0)
        status, printed = job.ended()
        assert (status, printed) == (1, "")
        assert job.said.count("error: ") == 1, job.said[-4000:]  # a bar may go on below it
        assert "is gone" in job.said
        assert not output.exists()
    with Raylets([{}]) as raylets:
        job = raylets.job("select_samples", *words, f"output={output}")
        job.result()
    assert "an earlier run made" in job.said
    assert _table(output) == _table(tmp_path / "undisturbed.parquet")


def _require_one_error(job: Job) -> None:
    """What Ray says of its workers stands above it."""
    assert [line for line in job.lines if line.startswith("error: ")] == job.lines[-1:], job.said[-4000:]


@pytest.mark.parametrize(
    ("job", "inputs", "what"),
    [
        ("embed_images", given.images, "_EmbedImages"),
        ("score_predictions", given.predictions, "_score_predictions"),
        ("select_samples", given.embeddings, "ShardActor"),
    ],
)
def test_workers__that_are_out_of_memory_again_and_again_are_one_clear_error(
    raylets: Raylets, tmp_path: Path, job: str, inputs: Callable[[Path], list[str]], what: str
) -> None:
    """The kernel kills whatever does this work, on every node, whenever it is begun again."""
    running = raylets.job(job, *inputs(tmp_path), f"output={tmp_path}/output.parquet")
    while running.process.poll() is None:
        for worker in raylets.workers(0, what) + raylets.workers(1, what):
            with suppress(psutil.NoSuchProcess):
                worker.kill()
        time.sleep(0.1)
    assert running.ended() == (1, "")
    _require_one_error(running)
    assert "lost" in running.said
    assert not (tmp_path / "output.parquet").exists()


def test_object_store__that_is_full_spills_and_changes_nothing() -> None:
    """320 MB of a Dataset in two stores of 80 MB."""
    node = {"object_store_memory": 80 << 20}
    with Raylets([node, node]) as raylets:
        job = raylets.program(["-m", "tests.cluster.spilling"])
        spilled = 0
        while job.process.poll() is None:
            spilled = max(spilled, raylets.spilled())
            time.sleep(0.1)
        found = job.result()
    assert spilled > 100 << 20
    blocks = [spilling.block(number) for number in range(spilling.BLOCKS)]
    names = [name for number in range(spilling.BLOCKS) for name in spilling.names(number)]
    expected = lightly_ray.select(np.concatenate(blocks), 300, "coreset", ids=names, normalize=False, progress=False)
    assert found["ids"] == list(expected.ids)
    assert found["radius"] == expected.radius
    margin = sum(float((1 + np.diff(np.partition(block, -2)[:, -2:]) * -1).sum()) for block in blocks)
    assert found["margin"] == pytest.approx(margin, rel=1e-6)

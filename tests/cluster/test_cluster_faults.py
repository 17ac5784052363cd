"""What else happens to jobs on a cluster: drivers and heads that die, memory and object stores that are full.

Each ends in the result of the undisturbed run, or in one clear error with nothing half-done; none hangs.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
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
    assert "an earlier run" in again.said
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
        _require_one_error(job)
        assert not output.exists()
    with Raylets([{}]) as raylets:
        job = raylets.job("select_samples", *words, f"output={output}")
        job.result()
    assert "an earlier run made" in job.said
    assert _table(output) == _table(tmp_path / "undisturbed.parquet")


def _require_one_error(job: Job) -> None:
    errors = [line for line in job.lines if line.startswith("error: ")]
    assert len(errors) == 1, job.said
    assert "Traceback" not in job.said


@pytest.mark.parametrize(
    ("job", "inputs"),
    [
        ("embed_images", given.images),
        ("score_predictions", given.predictions),
        ("select_samples", given.embeddings),
    ],
)
def test_memory__that_is_always_short_is_one_clear_error(
    tmp_path: Path, job: str, inputs: Callable[[Path], list[str]]
) -> None:
    """Ray's monitor kills whatever works, as long as the machine has less room than it should."""
    short = {"RAY_memory_usage_threshold": "0.0001", "RAY_memory_monitor_refresh_ms": "100"}
    with Raylets([{}], short) as raylets:
        running = raylets.job(job, *inputs(tmp_path), f"output={tmp_path}/output.parquet")
        assert running.ended() == (1, "")
    _require_one_error(running)
    assert "memory" in running.said
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

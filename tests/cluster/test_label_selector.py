"""`ray_remote_args={"label_selector": ...}` on nodes with labels: the work is done there and nowhere else."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.raylets import Raylets
from tests.digits import write_digits

pytestmark = pytest.mark.full
# What Ray calls the processes of our tasks and actors.
OURS = {
    "select": ["_sum_for_whitening", "ShardActor"],
    "score": ["Scoring.score"],
    "embed": ["_EmbedImages"],
}


@pytest.fixture(scope="module")
def raylets() -> Iterator[Raylets]:
    nodes: list[dict[str, Any]] = [{"labels": {"zone": zone}} for zone in "ab"]
    with Raylets(nodes) as raylets:
        yield raylets


@pytest.mark.parametrize("what", ["select", "score", "embed"])
def test_label_selector__says_where(raylets: Raylets, tmp_path: Path, what: str) -> None:
    folder = str(write_digits(tmp_path / "digits", every=8))
    program = ["-m", "tests.cluster.chosen_nodes", what, folder]
    anywhere = raylets.program([*program, "{}"]).result()
    job = raylets.program([*program, json.dumps({"zone": "b"})])
    seen: set[tuple[int, str]] = set()
    while job.process.poll() is None:
        seen |= {(node, name) for node in range(2) for name in OURS[what] if raylets.workers(node, name)}
        time.sleep(0.1)
    assert seen == {(1, name) for name in OURS[what]}
    assert anywhere["count"] > 200
    assert job.result() == anywhere

"""A node of a cluster, or one worker, is gone from one moment to the next while a job runs: the result is the same."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cluster import given
from tests.cluster.raylets import Job, Raylets

pytestmark = pytest.mark.full


class Nodes:
    """A head, where the drivers are, and a second node: a new one whenever the one before is gone."""

    def __init__(self, raylets: Raylets) -> None:
        self.raylets, self.second = raylets, 1

    def lose(self) -> None:
        """Kill the second node, and add another one."""
        self.raylets.kill(self.second)
        self.second = self.raylets.add()

    def kill_workers(self, what: str) -> None:
        """What the kernel does where memory is short."""
        for worker in self.raylets.workers(self.second, what):
            worker.kill()


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    with Raylets([{}, {}]) as raylets:
        yield Nodes(raylets)


def _wait_for(job: Job, words: str) -> None:
    job.wait_until(lambda: words in job.said)


# Who works, as Ray calls the process, and the moment: what it is called while it is at it, and what has been said by
# then. A shard loads and proposes for milliseconds: it is killed as soon as it is there, and once all have loaded.
CASES = [
    ("embed_images", given.images, "_EmbedImages", ")).submit", ""),
    ("score_predictions", given.predictions, "_score_predictions", "", ""),
    ("select_samples", given.embeddings, "ShardActor", "", ""),
    ("select_samples", given.many_picks, "ShardActor", "", "embeddings: done"),
]


@pytest.mark.parametrize(("job", "inputs", "who", "moment", "said"), CASES)
def test_job__a_lost_node_and_a_killed_worker_change_nothing(
    nodes: Nodes, tmp_path: Path, job: str, inputs: Callable[[Path], list[str]], who: str, moment: str, said: str
) -> None:
    words, tables = inputs(tmp_path), list[pa.Table]()
    for disturb in (None, nodes.lose, lambda: nodes.kill_workers(who)):
        output = tmp_path / f"{len(tables)}.parquet"
        running = nodes.raylets.job(job, *words, f"output={output}")
        if disturb is not None:
            _wait_for(running, said)
            running.wait_until(lambda: bool(nodes.raylets.workers(nodes.second, who + moment)))
            disturb()
        found = running.result()
        tables.append(pq.read_table(output).replace_schema_metadata())
        if disturb is not None and who == "ShardActor":
            assert found["stats"]["restarts"] >= 1
    assert tables[1] == tables[0]
    assert tables[2] == tables[0]
    assert not list(tmp_path.glob("*.parts")) + list(tmp_path.glob("*.checkpoint"))

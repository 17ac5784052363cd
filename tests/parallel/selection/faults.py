"""Kills shard actors and nodes of a real two-node Ray while a selection runs; prints what came out as JSON.

A program of its own, since the tests share one Ray in their process: `python -m tests.parallel.selection.faults CASE`.
"""

import json
import logging
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import ray
from ray.cluster_utils import Cluster
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

import lightly_ray
from lightly_ray.parallel.selection.actor_shards import ActorShards
from lightly_ray.parallel.selection.result import Selection

X = np.random.default_rng(0).normal(size=(6007, 12)).astype(np.float32)
NAMES = [f"{row:05d}.png" for row in range(6007)]
SCORES = np.round(np.random.default_rng(1).random(6007), 2)
PRESELECTED = [NAMES[row] for row in range(0, 6007, 401)]

Deed = Callable[["Workers"], None]


class Workers:
    """Knows the process of every shard, and does a deed when the driver has asked for the n-th time.

    The driver's own calls go on as they are; what is killed are real processes.
    """

    def __init__(self, deeds: dict[int, Deed]) -> None:
        self.deeds = deeds
        self.places: dict[int, tuple[str, int]] = {}
        self.asked: list[str] = []

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Look over the driver's shoulder."""
        start, gather = ActorShards._start, ActorShards._gather

        def started(shards: ActorShards, shard: int) -> None:
            # Ray may put a shard elsewhere than asked, and then nothing is lost with the node: until it is where it
            # belongs. Later a new worker may be sent to a node of which Ray does not know yet that it is gone.
            for _ in range(20):
                start(shards, shard)
                with suppress(RayError):
                    self.places[shard] = ray.get(shards._workers[shard].whereabouts.remote())
                if self.asked or self.places[shard][0] == shards._nodes[shard]:
                    break

        def gathered(shards: ActorShards, asked: dict[int, Any], method: str) -> Any:
            self.asked.append(method)
            deed = self.deeds.pop(len(self.asked) - 1, None)
            if deed is not None:
                deed(self)
            return gather(shards, asked, method)

        ActorShards._start, ActorShards._gather = started, gathered  # type: ignore[method-assign, assignment]  # watched from outside
        try:
            yield
        finally:
            ActorShards._start, ActorShards._gather = start, gather  # type: ignore[method-assign]  # as it was


def kill(shard: int, after: float = 0.0) -> Deed:
    """kill -9 of one shard's process, now or a moment later."""

    def deed(workers: Workers) -> None:
        _, pid = workers.places[shard]
        if after:
            threading.Timer(after, _end, [pid]).start()
        else:
            _end(pid)

    return deed


def lose(cluster: Cluster, node: Any) -> Deed:
    """A node is gone from one moment to the next: its raylet, its store and its workers."""

    def deed(workers: Workers) -> None:
        cluster.remove_node(node, allow_graceful=False)
        for home, pid in workers.places.values():
            if home == node.node_id:
                _end(pid)

    return deed


def _wait_until_known(*, gone: str, there: str) -> None:
    """Until Ray has noticed: a shard that it sends to a dead node lands on the driver's, and then nothing is lost."""
    for _ in range(600):
        known = ray.nodes()  # type: ignore[no-untyped-call]  # Ray leaves it untyped
        alive = {node["NodeID"] for node in known if node["Alive"]}
        if gone not in alive and there in alive:
            break
        time.sleep(0.1)
    else:
        raise TimeoutError(f"Ray still takes {gone} for alive, or does not know {there}")
    # Known is not reachable yet: what cannot be placed there goes elsewhere. This waits until something can.
    placed = _nothing.options(scheduling_strategy=NodeAffinitySchedulingStrategy(there, soft=False))
    ray.get(placed.remote())


@ray.remote(num_cpus=0)
def _nothing() -> None: ...


def _end(pid: int) -> None:
    with suppress(ProcessLookupError):  # it may have gone with its node
        os.kill(pid, signal.SIGKILL)


@contextmanager
def two_nodes() -> Iterator[tuple[Cluster, Any]]:
    """A cluster of a head, where the driver is, and a second node; one CPU each."""
    # Ports of the system's choice: their defaults belong to whatever Ray runs here already.
    size: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 100 << 20, "dashboard_agent_listen_port": 0}
    cluster = Cluster(initialize_head=True, head_node_args={**size, "include_dashboard": False})
    try:
        second = cluster.add_node(**size)
        ray.init(address=cluster.address, logging_level=logging.ERROR, log_to_driver=False)
        cluster.wait_for_nodes()
        _wait_until_known(gone="", there=second.node_id)
        yield cluster, second
    finally:
        ray.shutdown()
        cluster.shutdown()  # type: ignore[no-untyped-call]  # Ray leaves it untyped


def files(folder: Path) -> Path:
    """The samples as Parquet files."""
    column = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), X.shape[1])
    table = pa.table({"filename": NAMES, "embedding": column, "score": SCORES})
    for part, start in enumerate(range(0, 6007, 2000)):
        pq.write_table(table.slice(start, 2000), folder / f"{part}.parquet", row_group_size=300)
    return folder


def run(data: Any, deeds: dict[int, Deed], **options: Any) -> tuple[Selection, list[str]]:
    """One selection on two shards, with deeds on the way."""
    workers = Workers(dict(deeds))
    with workers.watch():
        asked = {"n_samples": 900, "method": "coreset", "partitions": 2, "progress": False, **options}
        found = lightly_ray.select(data, **asked)
    return found, workers.asked


def verdict(found: Selection, expected: Selection) -> dict[str, Any]:
    """What a test wants to know."""
    same = found.ids == expected.ids and np.array_equal(found.gains, expected.gains)
    return {"same": same and found.radius == expected.radius, "restarts": found.stats.restarts}


def _kill(folder: Path, deeds: dict[int, Deed]) -> dict[str, Any]:
    options: dict[str, Any] = {"preselected": PRESELECTED}
    expected = lightly_ray.select(X, 900, "coreset", ids=NAMES, progress=False, **options)
    return verdict(run(files(folder), deeds, **options)[0], expected)


def _lose(nodes: tuple[Cluster, Any], data: Callable[[], Any], **options: Any) -> dict[str, Any]:
    cluster, second = nodes
    common: dict[str, Any] = {"method": "coral", "preselected": PRESELECTED}
    expected = lightly_ray.select(X, 900, ids=NAMES, scores=SCORES, progress=False, **common)
    there = _one_after_another(cluster, second)
    return _without_a_node(cluster, there, data, {**options, **common}, expected)


def actors(folder: Path) -> list[dict[str, Any]]:
    """Actors die while they read and propose; also two at once, and one again while it is rebuilt."""

    def both(workers: Workers) -> None:
        kill(0)(workers)
        kill(1)(workers)

    with two_nodes():
        # From about the seventh question on there are picks, which a new worker has to learn again.
        return [_kill(folder, {1: kill(0), 9: both, 16: kill(1)})]


def node(folder: Path) -> list[dict[str, Any]]:
    """The second node is lost in the middle, and with it the blocks of a Dataset."""
    with two_nodes() as nodes:
        return [_lose(nodes, lambda: ray.data.read_parquet(str(files(folder))), scores="score")]


def others(folder: Path) -> list[dict[str, Any]]:
    """Actors die while they learn; a lost node takes slices of an array with it."""
    with two_nodes() as nodes:
        return [
            _kill(folder, {0: kill(1), 3: kill(0), 4: kill(1, after=0.002)}),
            _lose(nodes, lambda: X, ids=NAMES, scores=SCORES),
        ]


def _one_after_another(cluster: Cluster, second: Any) -> Iterator[Any]:
    """The second node, and a new one whenever the one before is gone."""
    while True:
        yield second
        gone = second.node_id
        second = cluster.add_node(num_cpus=1, object_store_memory=100 << 20)
        _wait_until_known(gone=gone, there=second.node_id)


def _without_a_node(
    cluster: Cluster, nodes: Iterator[Any], data: Callable[[], Any], options: dict[str, Any], expected: Selection
) -> dict[str, Any]:
    """Once more where Ray had both shards on the driver's node, which it may: then nothing was lost with the other."""
    found: dict[str, Any] = {}
    for doomed, _ in zip(nodes, range(3), strict=False):
        found = verdict(run(data(), {6: lose(cluster, doomed)}, **options)[0], expected)
        if found["restarts"] or not found["same"]:
            break
    return found


def exhaustive(folder: Path) -> list[dict[str, Any]]:
    """A shard dies at each of the driver's questions, and at 12 random moments; says how it goes on the way."""
    found: list[dict[str, Any]] = []
    options: dict[str, Any] = {"preselected": PRESELECTED}
    expected = lightly_ray.select(X, 900, "coreset", ids=NAMES, progress=False, **options)
    moments = np.random.default_rng(2).random(12)
    data = files(folder)
    with two_nodes():
        questions = len(run(data, {}, **options)[1])
        plans = [{question: kill(question % 2)} for question in range(questions)]
        plans += [{0: kill(number % 2, after=0.01 + 0.4 * float(moment))} for number, moment in enumerate(moments)]
        for number, deeds in enumerate(plans):
            found.append(verdict(run(data, deeds, **options)[0], expected))
            sys.stderr.write(f"{number + 1} of {len(plans)}: {found[-1]}\n")
    return found


def main() -> None:
    """Run one case and print its verdicts."""
    cases: dict[str, Callable[[Path], list[dict[str, Any]]]]
    cases = {"actors": actors, "node": node, "others": others, "exhaustive": exhaustive}
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write("\n" + json.dumps(cases[sys.argv[1]](Path(folder))) + "\n")


if __name__ == "__main__":
    main()

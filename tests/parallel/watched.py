"""Works on a Ray whose metrics and dashboard are on, and prints as JSON what both show of it.

A program of its own, since the tests share one Ray in their process: `python -m tests.parallel.watched FOLDER`, where
images are in FOLDER.
"""

import json
import re
import signal
import socket
import sys
import time
import urllib.request
from typing import Any

import numpy as np
import psutil
import ray
import ray.util.state

import lightly_ray

X = np.random.default_rng(0).normal(size=(3001, 16)).astype(np.float32)
PROBABILITIES = np.random.default_rng(1).dirichlet([1, 1, 1], 1203)
PICKS = 300
_LINE = re.compile(r"(ray_lightly_ray_\w+)\{[^}]*\} (\S+)")
_PATIENCE = 60.0  # seconds until what was reported has reached the page


def main(folder: str) -> None:
    """Embed, score and select, lose a worker on the way, and say what Ray shows."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    context: Any = ray.init(
        address="local",
        num_cpus=2,
        object_store_memory=300 * 2**20,
        include_dashboard=True,
        log_to_driver=False,
        _metrics_export_port=port,
        _system_config={"metrics_report_interval_ms": 200},
    )
    address = context.address_info["gcs_address"]
    embedded = lightly_ray.embed(folder, model="descriptor", reduce=4)
    lightly_ray.score(PROBABILITIES, task="classification").materialize()
    actors: list[str] = []
    selection = lightly_ray.select(
        X, PICKS, "coreset", partitions=2, progress=False, on_progress=lambda *_: _disturb(address, actors)
    )
    lightly_ray.select(X[:50], 7, "random", progress=False)
    metrics = _scrape(port, len(embedded.filenames))
    tasks = sorted({task.name for task in ray.util.state.list_tasks(address, limit=1000)})
    expected = {"rounds": selection.stats.rounds, "radius": selection.radius, "images": len(embedded.filenames)}
    expected |= {"share": selection.stats.evaluated_share, "driver_bytes": selection.stats.driver_bytes}
    shown = {"metrics": metrics, "actors": sorted(set(actors)), "tasks": tasks, "expected": expected}
    sys.stdout.write(json.dumps(shown) + "\n")


def _disturb(address: str, actors: list[str]) -> None:
    if actors:
        return
    listed: list[Any] = ray.util.state.list_actors(address, detail=True)
    actors += [actor.repr_name for actor in listed if actor.class_name == "ShardActor"]
    workers = psutil.Process().children(recursive=True)
    shards = [worker for worker in workers if "ray::ShardActor" in " ".join(worker.cmdline())]
    shards[0].send_signal(signal.SIGKILL)


def _scrape(port: int, images: int) -> dict[str, float]:
    """The sum of every metric of ours, when those of all workers have come."""
    values: dict[str, float] = {}
    started = time.monotonic()
    while time.monotonic() - started < _PATIENCE:
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
        values = {}
        for name, value in _LINE.findall(page):
            values[name] = values.get(name, 0.0) + float(value)
        scored = values.get("ray_lightly_ray_rows_scored_total", 0)
        complete = values.get("ray_lightly_ray_rows_embedded_total", 0) >= images and scored >= len(PROBABILITIES)
        if complete and values.get("ray_lightly_ray_picks_total") == PICKS + 7:
            break
        time.sleep(0.3)
    return values


if __name__ == "__main__":
    main(sys.argv[1])

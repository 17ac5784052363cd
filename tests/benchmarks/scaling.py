"""One selection over 1, 2, 4 and 8 raylets of this machine: seconds, rounds, bytes, and the driver's share.

    python tests/benchmarks/scaling.py rows=1000000 picks=10000 raylets=1,2,4,8 folder=/tmp/selection

Writes the embeddings (clustered, 128 coordinates) where they are missing, and appends a line of JSON for each number of
raylets to ``scaling.jsonl`` beside this script. Each raylet has one CPU, and holds one shard in a process of its own.
More raylets than CPUs share them: then the seconds say nothing, the rounds and bytes what they say on as many machines.
"""

import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import ray
from ray.cluster_utils import Cluster
from selection_data import blocks  # type: ignore[import-not-found]  # beside this script, as it runs
from selection_speed import write_down  # type: ignore[import-not-found]  # the same

import lightly_ray

RESULTS = Path(__file__).with_name("scaling.jsonl")
DIMENSIONS = 128


def embeddings(folder: Path, rows: int) -> Path:
    """A file that every shard reads its own rows of."""
    path = folder / f"clustered-{rows}.npy"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            np.lib.format.write_array_header_1_0(
                file, {"descr": "<f4", "fortran_order": False, "shape": (rows, DIMENSIONS)}
            )
            for block in blocks("clustered", rows, DIMENSIONS):
                file.write(block.tobytes())
        partial.rename(path)
    return path


def measure(path: Path, picks: int, raylets: int) -> dict[str, object]:
    """Select on as many nodes; what it cost."""
    node: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 100 << 20, "dashboard_agent_listen_port": 0}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    try:
        for _ in range(raylets - 1):
            cluster.add_node(**node)
        cluster.wait_for_nodes()
        ray.init(address=cluster.address, logging_level=logging.ERROR, log_to_driver=False)
        lightly_ray.select(str(path), 2 * raylets, "coreset", partitions=raylets, progress=False)  # workers start
        found = lightly_ray.select(str(path), picks, "coreset", partitions=raylets, progress=False)
    finally:
        ray.shutdown()
        cluster.shutdown()  # type: ignore[no-untyped-call]  # Ray leaves it untyped
    stats, seconds = found.stats, found.stats.seconds
    together = seconds["propose"] + seconds["pick"]
    return {
        "raylets": raylets,
        "read": round(seconds["read"], 1),
        "select": round(together, 2),
        "rounds": stats.rounds,
        "share_of_pairs": round(stats.evaluated_share, 4),
        "kb_per_round": round(stats.driver_bytes / stats.rounds / 1e3),
        "kb_per_round_and_shard": round(stats.driver_bytes / stats.rounds / raylets / 1e3),
        "driver_share": round(seconds["pick"] / together, 4),
        "driver": round(seconds["pick"], 3),
        "radius": found.radius,
        "load": round(os.getloadavg()[0], 1),
    }


def main(settings: dict[str, str]) -> None:
    """All numbers of raylets, one after the other; the radius must be the same."""
    rows, picks = int(settings.get("rows", "1000000")), int(settings.get("picks", "10000"))
    os.environ["RAY_TMPDIR"] = tempfile.mkdtemp(prefix="ray-")
    Path(os.environ["RAY_TMPDIR"], "ray").mkdir()
    path = embeddings(Path(settings.get("folder", "/tmp/selection")), rows)
    radii = set()
    for raylets in settings.get("raylets", "1,2,4,8").split(","):
        line = measure(path, picks, int(raylets))
        radii.add(line["radius"])
        write_down({"rows": rows, "dimensions": DIMENSIONS, "picks": picks, **line}, RESULTS)
    if len(radii) > 1:
        raise SystemExit(f"the selections differ: {radii}")


if __name__ == "__main__":
    main(dict(argument.split("=", 1) for argument in sys.argv[1:]))

"""Two shards on two machines: a selection with 20 ms of delay and 100 Mbit/s between them, against none of either.

    python tests/benchmarks/far_apart.py rows=1000000 picks=10000 delay=20 repeats=3 folder=/tmp/selection

The machines are network namespaces (`tests/cluster/namespaces.py`): it needs root, and PYTHONPATH.
Appends a line of JSON to ``far_apart.jsonl`` beside this script: the median seconds once the shards are loaded. The
delay is that of each packet, in each direction.
"""

import json
import os
import sys
from pathlib import Path
from statistics import median

from scaling import DIMENSIONS, embeddings  # type: ignore[import-not-found]  # beside this script, as it runs
from selection_speed import write_down  # type: ignore[import-not-found]  # the same

import lightly_ray
from tests.cluster.namespaces import Machines

RESULTS = Path(__file__).with_name("far_apart.jsonl")


def select(path: str, picks: int) -> dict[str, float]:
    """On the cluster that `RAY_ADDRESS` names."""
    lightly_ray.select(path, 4, "coreset", partitions=2, progress=False)  # workers start
    found = lightly_ray.select(path, picks, "coreset", partitions=2, progress=False)
    stats, seconds = found.stats, found.stats.seconds
    together = seconds["propose"] + seconds["pick"]
    return {
        "seconds": round(together, 2),
        "rounds": stats.rounds,
        "driver_bytes": stats.driver_bytes,
        "radius": float(found.radius or 0),
    }


def main(settings: dict[str, str]) -> None:
    """Near and far in turn, which must pick the same."""
    picks = int(settings.get("picks", "10000"))
    if "path" in settings:  # the driver, on the head
        sys.stdout.write(json.dumps(select(settings["path"], picks)) + "\n")
        return
    rows, delay = int(settings.get("rows", "1000000")), float(settings.get("delay", "20"))
    path = embeddings(Path(settings.get("folder", "/tmp/selection")), rows)
    found: dict[str, list[dict[str, float]]] = {"near": [], "far": []}
    for _ in range(int(settings.get("repeats", "3"))):
        for name, machines in (("near", Machines()), ("far", Machines(delay))):
            with machines:
                found[name].append(machines.program([__file__, f"path={path}", f"picks={picks}"]).result())
    if len({one["radius"] for some in found.values() for one in some}) > 1:
        raise SystemExit(f"the selections differ: {found}")
    near, far = (median(one["seconds"] for one in found[name]) for name in ("near", "far"))
    line = {"rows": rows, "dimensions": DIMENSIONS, "picks": picks, "delay_ms": delay, "mbit": 100}
    line |= {"near": near, "far": far, "ratio": round(far / near, 2)}
    line |= {name: found["far"][-1][name] for name in ("rounds", "driver_bytes")}
    write_down({**line, "load": round(os.getloadavg()[0], 1)}, RESULTS)


if __name__ == "__main__":
    main(dict(argument.split("=", 1) for argument in sys.argv[1:]))

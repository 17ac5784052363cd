"""Two shard actors on a local Ray against one process with two threads: 1,000,000 x 128, 10,000 picks, in turn.

    python tests/benchmarks/selection_actors.py repeats=3

Appends one line of JSON to ``selection_actors.jsonl`` beside this script. What is compared is the selection itself: the
start of Ray and the handing over of the vectors, which happen once, are a figure of their own (``start``).
"""

import os
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np
from selection_data import embeddings  # type: ignore[import-not-found]  # beside this script, as it runs
from selection_speed import ours, write_down  # type: ignore[import-not-found]  # the same

import lightly_ray
from lightly_ray.selection.choose import Outcome

RESULTS = Path(__file__).with_name("selection_actors.jsonl")
ROWS, DIMENSIONS, PICKS = 1_000_000, 128, 10_000


def main(settings: dict[str, str]) -> None:
    """Run both in turn and write down the medians."""
    vectors = embeddings("clustered", ROWS, DIMENSIONS)
    ours(embeddings("clustered", 3_000, DIMENSIONS), 300, 1, [])  # compiles
    seen: list[Outcome] = []
    process, actors, start = [], [], []
    for _ in range(int(settings.get("repeats", "3"))):
        process.append(ours(vectors, PICKS, 1, seen)[0])
        began = time.perf_counter()
        selection = lightly_ray.select(vectors, PICKS + 1, "coreset", preselected=[0], partitions=2, progress=False)
        seconds = selection.stats.seconds
        actors.append(seconds["propose"] + seconds["pick"])
        start.append(time.perf_counter() - began - actors[-1])
        if not np.array_equal(selection.added_ids, seen[-1].picks.rows):
            raise SystemExit("the actors picked other rows")
    line = {
        "process": round(median(process), 2),
        "actors": round(median(actors), 2),
        "ratio": round(median(actors) / median(process), 3),
        "start": round(median(start), 2),
        "repeats": len(process),
        "load": round(os.getloadavg()[0], 1),
    }
    write_down(line, RESULTS)


if __name__ == "__main__":
    main(dict(argument.split("=", 1) for argument in sys.argv[1:]))

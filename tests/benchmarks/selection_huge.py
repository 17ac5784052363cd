"""10,000,000 x 128 from Parquet on two shard actors: time, share of pairs, and the peak memory of every process.

    python tests/benchmarks/selection_huge.py folder=/tmp/selection rows=10000000 picks=10000 partitions=2

Writes the file (5 GB) where it is missing, and appends one line of JSON to ``selection_huge.jsonl`` beside this script.
Peaks are private memory, so that pages shared between processes count once, in no process's favour.
"""

import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from selection_data import blocks  # type: ignore[import-not-found]  # beside this script, as it runs
from selection_speed import write_down  # type: ignore[import-not-found]  # the same

import lightly_ray

RESULTS = Path(__file__).with_name("selection_huge.jsonl")
DIMENSIONS = 128


def write(path: Path, rows: int) -> None:
    """Clustered embeddings, one row group per block."""
    kind = pa.list_(pa.float32(), DIMENSIONS)
    schema = pa.schema([("filename", pa.string()), ("embedding", kind)])
    partial, start = path.with_suffix(".partial"), 0
    with pq.ParquetWriter(partial, schema, compression="none", use_dictionary=False) as writer:
        for block in blocks("clustered", rows, DIMENSIONS):
            names = pa.array([f"{row:09d}.jpg" for row in range(start, start + len(block))])
            vectors = pa.FixedSizeListArray.from_arrays(pa.array(block.ravel()), DIMENSIONS)
            writer.write_table(pa.table([names, vectors.cast(kind)], schema=schema))
            start += len(block)
    partial.rename(path)


class Peaks(threading.Thread):
    """Samples the private memory of this process and its descendants."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peaks: dict[int, int] = {}
        self.names: dict[int, str] = {}
        self.over = threading.Event()

    def run(self) -> None:
        """Look twice a second."""
        while not self.over.wait(0.5):
            for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
                with suppress(psutil.Error):
                    memory = process.memory_info()
                    private = memory.rss - memory.shared
                    self.peaks[process.pid] = max(self.peaks.get(process.pid, 0), private)
                    # Ray renames a worker by what it does at the moment.
                    self.names[process.pid] = process.name().split(".")[0]


def main(settings: dict[str, str]) -> None:
    """Write the file where it is missing, select, report."""
    rows, picks = int(settings.get("rows", "10000000")), int(settings.get("picks", "10000"))
    path = Path(settings["folder"]) / f"clustered-{rows}.parquet"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, rows)
    if settings.get("write") == "only":
        return
    peaks = Peaks()
    peaks.start()
    started = time.perf_counter()
    selection = lightly_ray.select(
        str(path),
        n_samples=picks,
        preselected=["000000000.jpg"],
        partitions=int(settings.get("partitions", "2")),
    )
    wall = time.perf_counter() - started
    peaks.over.set()
    array = rows * DIMENSIONS * 4
    largest = {f"{peaks.names[pid]} {pid}": round(peak / 1e9, 2) for pid, peak in peaks.peaks.items() if peak > 3e8}
    shards = sum(peak for pid, peak in peaks.peaks.items() if "ShardActor" in peaks.names[pid])
    line = {
        "rows": rows,
        "picks": picks,
        "wall": round(wall, 1),
        "share": round(selection.stats.evaluated_share, 4),
        "rounds": selection.stats.rounds,
        "seconds": {name: round(seconds, 1) for name, seconds in selection.stats.seconds.items()},
        "driver_bytes": selection.stats.driver_bytes,
        "radius": selection.radius,
        "array_gb": round(array / 1e9, 2),
        "peak_gb": largest,
        "shards_over_array": round(shards / array, 2),
        "load": round(os.getloadavg()[0], 1),
    }
    write_down(line, RESULTS)


if __name__ == "__main__":
    main(dict(argument.split("=", 1) for argument in sys.argv[1:]))

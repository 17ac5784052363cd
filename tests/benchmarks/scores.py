"""How fast predictions are scored: ``python tests/benchmarks/scores.py [memory | detection | parquet | peak] ...``.

memory      classification of 1,000,000 x 100 float32 in memory, against one pass of ``x.max(axis=1)``
detection   100,000 images x 20 boxes x 80 classes from Arrow arrays, against a per-box Python implementation (on 1 %)
parquet     ``lightly_ray.score`` of the same classification from Parquet, against Ray Data's ``iter_batches`` of it
peak        largest memory of the scoring job at 1,000,000 and 4,000,000 rows

Times are interleaved medians, so that what else runs on the machine meets both sides. One line of JSON per part.
"""

import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import ray.data
from numpy.typing import NDArray

from lightly_ray.active_learning.scorers import ScorerClassification, ScorerObjectDetection
from lightly_ray.data.predictions.checks import checked_distributions
from lightly_ray.data.predictions.ragged import Ragged
from lightly_ray.parallel.cluster import connected
from lightly_ray.parallel.scoring.score import score
from lightly_ray.scores import entropy, least_confidence, margin
from lightly_ray.scores.detection import FrequencyConfig
from lightly_ray.scores.tasks import score_table

JOB = Path(__file__).parents[2] / "jobs" / "score_predictions.py"
ROWS, CLASSES = 1_000_000, 100


def main() -> None:
    """Run the named parts, or all."""
    parts = {"memory": in_memory, "detection": detection, "parquet": from_parquet, "peak": peak}
    for name in sys.argv[1:] or parts:
        sys.stdout.write(json.dumps({"benchmark": name, **parts[name]()}) + "\n")
        sys.stdout.flush()


def in_memory() -> dict[str, Any]:
    """Each score, the check, and the whole class, as multiples of ``x.max(axis=1)``."""
    x = probabilities(ROWS, CLASSES)
    medians = interleaved(
        9,
        {
            "max": lambda: x.max(axis=1),
            "least_confidence": lambda: least_confidence(x),
            "margin": lambda: margin(x),
            "entropy": lambda: entropy(x),
            "validation": lambda: checked_distributions(Ragged.from_matrix(x)),
            "class": lambda: ScorerClassification(x).calculate_scores(),
        },
    )
    return {"seconds": medians, "ratio_to_max": ratios(medians, "max")}


def detection(images: int = 100_000, boxes: int = 20, classes: int = 80) -> dict[str, Any]:
    """All scores of all images from Arrow, and the same by a loop over boxes of every hundredth image."""
    flat = probabilities(images * boxes, classes)
    lists = pa.FixedSizeListArray.from_arrays(pa.array(flat.reshape(-1)), classes)
    offsets = np.arange(images + 1, dtype=np.int64) * boxes
    objects = np.random.default_rng(1).random(images * boxes, dtype=np.float32)
    table = pa.table(
        {
            "object_probabilities": pa.LargeListArray.from_arrays(offsets, pa.array(objects)),
            "class_probabilities": pa.LargeListArray.from_arrays(offsets, lists),
        }
    )
    few = images // 100
    given = [
        (objects[offsets[row] : offsets[row + 1]].tolist(), flat[offsets[row] : offsets[row + 1]].tolist())
        for row in range(few)
    ]
    expected = per_box(given)
    found = score_table("detection", table.slice(0, few), FrequencyConfig())
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-5)
    medians = interleaved(
        3,
        {
            "arrow": lambda: score_table("detection", table, FrequencyConfig()),
            "class": lambda: ScorerObjectDetection(table).calculate_scores(),
            "python": lambda: per_box(given),
        },
    )
    rates = {"arrow": images / medians["arrow"], "python": few / medians["python"]}
    return {"images_per_second": rates, "ratio_to_python": rates["arrow"] / rates["python"]}


def from_parquet() -> dict[str, Any]:
    """Scoring a Parquet file through Ray Data, as a multiple of reading it there."""
    with tempfile.TemporaryDirectory() as folder, connected(2):
        path = write_parquet(Path(folder) / "predictions.parquet", ROWS)

        def read() -> None:
            for _ in ray.data.read_parquet(str(path)).iter_batches(batch_format="pyarrow", batch_size=None):
                pass

        def scored() -> None:
            for _ in score(path, task="classification").iter_batches(batch_format="pyarrow", batch_size=None):
                pass

        medians = interleaved(5, {"read": read, "score": scored})
    return {"seconds": medians, "ratio_to_read": medians["score"] / medians["read"]}


def peak() -> dict[str, Any]:
    """Largest sum of the private memory of the job's processes, object store apart, in MiB."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for rows in (ROWS, 4 * ROWS):
            path = write_parquet(Path(folder) / f"{rows}.parquet", rows)
            found[str(rows)] = _peak_of(
                [sys.executable, str(JOB), f"predictions={path}", "task=classification", f"output={folder}/{rows}.out"]
            )
    low, high = found.values()
    return {"peak_mib": found, "ratio": high["total"] / low["total"]}


def _peak_of(words: list[str]) -> dict[str, float]:
    most = {"total": 0.0, "driver": 0.0, "worker": 0.0}
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            driver = _private(process.pid)
            workers = [_private(one) for one in _descendants(process.pid) if "ray::" in _title(one)]
            now = {"total": driver + sum(workers), "driver": driver, "worker": max(workers, default=0.0)}
            most = {name: max(value, now[name]) for name, value in most.items()}
            time.sleep(0.2)
    if process.returncode:
        raise SystemExit(f"the job failed: {words}")
    return most


def _private(process: int) -> float:
    """MiB that this process alone holds: blocks in Ray's shared memory do not count."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:  # it ended meanwhile
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def _descendants(process: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = [int(word) for word in task.read_text().split()]
        except OSError:
            continue
        found += [one for child in children for one in (child, *_descendants(child))]
    return found


def _title(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text()
    except OSError:
        return ""


def per_box(images: list[tuple[list[float], list[list[float]]]]) -> dict[str, list[float]]:
    """What one writes first: a loop over images, boxes and classes."""
    result: dict[str, list[float]] = {"objectness_least_confidence": [], "uncertainty_least_confidence": []}
    result |= {"uncertainty_margin": [], "uncertainty_entropy": []}
    counts = []
    for objects, boxes in images:
        labels = [one.index(max(one)) for one in boxes]
        counts.append(sum(1 + 0.25 * (labels.count(label) - 1) for label in set(labels)))
        confidences = [o * max(one) for o, one in zip(objects, boxes, strict=True)]
        result["objectness_least_confidence"].append(1 - sum(confidences) / len(confidences))
        ordered = [sorted(one) for one in boxes]
        classes = len(boxes[0])
        result["uncertainty_least_confidence"].append(max((1 - one[-1]) / (1 - 1 / classes) for one in ordered))
        result["uncertainty_margin"].append(max(1 - (one[-1] - one[-2]) for one in ordered))
        entropies = [-sum(p * math.log2(p) for p in one if p > 0) for one in boxes]
        result["uncertainty_entropy"].append(max(entropies) / math.log2(classes))
    low, high = min(counts), max(counts)
    result["object_frequency"] = [0.9 + 0.1 * (count - low) / (high - low) for count in counts]
    return result


def probabilities(rows: int, classes: int) -> NDArray[np.float32]:
    """(rows, classes) distributions, most of them rather sure."""
    x = np.random.default_rng(0).random((rows, classes), dtype=np.float32)
    np.power(x, 8, out=x)
    x /= x.sum(axis=1, keepdims=True)
    return x


def write_parquet(path: Path, rows: int) -> Path:
    """Predictions in row groups of 50,000."""
    schema = pa.schema([("filename", pa.string()), ("probabilities", pa.list_(pa.float32(), CLASSES))])
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        for start in range(0, rows, 50_000):
            lists = pa.FixedSizeListArray.from_arrays(pa.array(probabilities(50_000, CLASSES).reshape(-1)), CLASSES)
            writer.write_table(pa.table([[f"{start + row:09}.jpg" for row in range(50_000)], lists], schema=schema))
    return path


def interleaved(rounds: int, calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median seconds of each call, taken in turns after one round that compiles and warms up."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds + 1):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            if number:
                times[name].append(time.perf_counter() - started)
    return {name: float(np.median(values)) for name, values in times.items()}


def ratios(medians: dict[str, float], base: str) -> dict[str, float]:
    """Each median as a multiple of one of them."""
    return {name: value / medians[base] for name, value in medians.items() if name != base}


if __name__ == "__main__":
    main()

"""How fast the selection engine is, as ratios to what runs beside it on the same machine.

    python tests/benchmarks/selection_speed.py case=small repeats=3
    python tests/benchmarks/selection_speed.py case=report

Cases: small, million, wide, people, shards, growth (see CASES); ``features=FILE.npy`` gives the features of a network.
Every case makes its data, runs its engines in turn,
``repeats`` times, and appends one line of JSON to ``selection_results.jsonl`` beside this file; ``case=report`` writes
the table ``selection_results.md`` and the plot ``selection_growth.png`` from it. Seconds are medians, of wall clock and
of CPU time over all threads: the latter also means something on a machine that others work on.

Engines: ``ours``; ``numpy``, the sequential greedy with one matrix-vector product per pick, and ``mundig``
(lightly-mundig, if installed), both extrapolated from their first picks where all of them would take minutes, and else
run whole, so that the radii can be compared; ``sgemm``, this machine's matrix product of all rows with all picks,
extrapolated from a part of it.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from selection_data import between, embeddings  # type: ignore[import-not-found]  # beside this script, as it runs

from lightly_ray.selection.choose import Outcome, Task, choose
from lightly_ray.selection.protocol import LocalShards
from lightly_ray.selection.shard.shard import Shard

RESULTS = Path(__file__).with_name("selection_results.jsonl")
PEERS = ("ours", "numpy", "mundig", "sgemm")
ROWS = (100_000, 200_000, 400_000, 1_000_000, 4_000_000)
CASES: dict[str, list[tuple[str, int, int, int, int, tuple[str, ...]]]] = {
    # kind, rows, dimensions, picks, partitions, engines
    "small": [(kind, 200_000, 128, 4_000, 1, PEERS) for kind in ("clustered", "isotropic")],
    "million": [(kind, 1_000_000, 128, 10_000, 1, ("ours", "sgemm")) for kind in ("clustered", "isotropic")],
    "wide": [(kind, 500_000, 768, 5_000, 1, PEERS) for kind in ("power", "power1")],
    "shards": [("clustered", 200_000, 128, 4_000, parts, ("ours", "sgemm")) for parts in (1, 2, 4, 8, 16)],
    "people": [
        ("network", 60_000, 1_280, 4_000, 1, ("ours", "sgemm")),
        ("power", 100_000, 768, 4_000, 1, ("ours", "sgemm")),
        ("isotropic", 100_000, 384, 4_000, 1, ("ours", "sgemm")),
        *[("clustered", 200_000, 128, picks, 1, ("ours", "sgemm")) for picks in (100, 500, 1_000)],
        ("clustered", 100_000, 128, 40_000, 1, ("ours", "sgemm")),
    ],
    "growth": [
        *[("clustered", rows, 128, 4_000, 1, ("ours", "sgemm")) for rows in ROWS],
        *[("clustered", 200_000, 128, picks, 1, ("ours", "sgemm")) for picks in (1_000, 2_000, 8_000, 20_000)],
        *[("clustered", 100_000, size, 2_000, 1, ("ours", "sgemm")) for size in (32, 64, 128, 256, 512, 1_024)],
    ],
}
WHOLE = 10**9  # row-pick pairs up to which the peers make all picks
Vectors = NDArray[np.float32]
Seconds = tuple[float, float]


def clocked(work: Callable[[], object]) -> Seconds:
    """Wall-clock and CPU seconds of a call."""
    time.sleep(0.5)  # threads of the BLAS spin on for a while after the engine before
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def ours(vectors: Vectors, picks: int, partitions: int, seen: list[Outcome]) -> Seconds:
    """The engine in this process, one preselected row, on all cores."""
    owner = np.random.default_rng(0).integers(0, partitions, len(vectors))
    rows = [np.flatnonzero(owner == part) for part in range(partitions)]
    parts = [vectors[some] if partitions > 1 else vectors for some in rows]

    def run() -> None:
        shards = [Shard(part, some) for part, some in zip(parts, rows, strict=True)]
        seen.append(choose(LocalShards(shards), Task(picks, centers=vectors[:1])))

    return clocked(run)


def by_numpy(vectors: Vectors, picks: int, radii: dict[str, float], first: int = 400) -> Seconds:
    """One matrix-vector product per pick, in place, extrapolated from the first picks."""
    squares = np.einsum("nd,nd->n", vectors, vectors)
    nearest, products = np.full(len(vectors), np.inf, np.float32), np.empty(len(vectors), np.float32)
    first = picks if len(vectors) * picks <= WHOLE else first
    row = 0

    def add() -> None:
        nonlocal row
        np.dot(vectors, vectors[row], out=products)
        np.multiply(products, -2, out=products)
        np.add(products, squares, out=products)
        np.add(products, squares[row], out=products)
        np.minimum(nearest, products, out=nearest)
        row = int(nearest.argmax())

    def run() -> None:
        for _ in range(first):
            add()

    wall, cpu = clocked(run)
    if first == picks:
        add()  # the preselected row was the first
        radii["numpy"] = float(np.sqrt(nearest[row]))
    return wall * picks / first, cpu * picks / first


def by_mundig(vectors: Vectors, picks: int, radii: dict[str, float], first: int = 100) -> Seconds:
    """lightly-mundig, whole, or extrapolated from the slope between few and more picks."""
    from lightly_mundig import Selection  # an optional peer

    found: list[int] = []

    def run(count: int) -> Seconds:
        selection = Selection()
        selection.add_diversifying_strategy(vectors, 1.0)
        return clocked(lambda: found.extend(selection.run_selection([0], len(vectors), count + 1)))

    if len(vectors) * picks <= WHOLE:
        seconds = run(picks)
        radii["mundig"] = radius(vectors, vectors[found])
        return seconds
    few, more = run(first // 4), run(first)
    slope = [(b - a) / (first - first // 4) for a, b in zip(few, more, strict=True)]
    return slope[0] * picks, slope[1] * picks


def radius(vectors: Vectors, centers: Vectors) -> float:
    """Largest distance of a row to its nearest center, in float32."""
    lengths = np.einsum("kd,kd->k", centers, centers)
    largest = 0.0
    for start in range(0, len(vectors), 5_000):
        some = vectors[start : start + 5_000]
        least = (lengths - 2 * (some @ centers.T)).min(axis=1) + np.einsum("nd,nd->n", some, some)
        largest = max(largest, float(least.max()))
    return float(np.sqrt(largest))


def by_sgemm(vectors: Vectors, picks: int) -> Seconds:
    """All row-pick products as one matrix product, extrapolated from 20,000 x 2,000 of them."""
    some, centers = vectors[:20_000], vectors[: min(picks, 2_000)]
    out = some @ centers.T  # touches the memory of the result, too
    wall, cpu = clocked(lambda: [np.dot(some, centers.T, out=out) for _ in range(4)])
    factor = len(vectors) / len(some) * picks / len(centers) / 4
    return wall * factor, cpu * factor


def measure(kind: str, vectors: Vectors, work: tuple[int, int], engines: tuple[str, ...], repeats: int) -> None:
    """Run the engines in turn and write down the medians; ``work``: picks and partitions."""
    (rows, dimensions), (picks, partitions) = vectors.shape, work
    seen: list[Outcome] = []
    radii: dict[str, float] = {}
    runs: dict[str, Callable[[], Seconds]] = {
        "ours": lambda: ours(vectors, picks, partitions, seen),
        "numpy": lambda: by_numpy(vectors, picks, radii),
        "mundig": lambda: by_mundig(vectors, picks, radii),
        "sgemm": lambda: by_sgemm(vectors, picks),
    }
    times: dict[str, list[Seconds]] = {name: [] for name in engines}
    for _ in range(repeats):
        for name in engines:
            times[name].append(runs[name]())
    stats, proof = seen[-1].stats, seen[-1].certificate
    if proof:
        radii["ours"] = proof.radius
    line = {
        "kind": kind,
        "rows": rows,
        "dimensions": dimensions,
        "picks": picks,
        "partitions": partitions,
        "wall": {name: round(median(wall for wall, _ in taken), 3) for name, taken in times.items()},
        "cpu": {name: round(median(cpu for _, cpu in taken), 3) for name, taken in times.items()},
        "share": round(stats.pairs / rows / picks, 4),
        "rounds": stats.rounds,
        "seconds": {phase: round(seconds, 4) for phase, seconds in stats.seconds.items()},
        "driver_bytes": stats.driver_bytes,
        "radius": {name: round(value, 6) for name, value in radii.items()},
        "repeats": repeats,
        "load": round(os.getloadavg()[0], 1),
    }
    write_down(line, RESULTS)


def write_down(line: dict[str, Any], results: Path) -> None:
    """Print a result as a line of JSON, and append it to a file."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    with results.open("a") as file:
        file.write(json.dumps(line) + "\n")


def main(settings: dict[str, str]) -> None:
    """Run one case."""
    if settings["case"] == "report":
        from selection_report import report  # type: ignore[import-not-found]  # only this needs matplotlib

        report(RESULTS)
        return
    warm: Any = embeddings("clustered", 3_000, 128)
    ours(warm, 300, 1, [])  # compiles
    features = Path(settings["features"]) if "features" in settings else None
    for kind, rows, dimensions, picks, partitions, engines in CASES[settings["case"]]:
        vectors = between(features, rows, dimensions) if kind == "network" else embeddings(kind, rows, dimensions)
        measure(kind, vectors, (picks, partitions), engines, int(settings.get("repeats", "3")))


if __name__ == "__main__":
    main(dict(argument.split("=", 1) for argument in sys.argv[1:]))

"""What the benchmarks of the engine measured, as tables and a plot: ratios of medians, growth, the driver's share."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

Line = dict[str, Any]

_HEAD = """# Selection speed

Written by `python tests/benchmarks/selection_speed.py case=report` from the `.jsonl` files beside it; the scripts of
these names made them and say how. On 2 cores. Ratios are of wall-clock seconds (in brackets: of CPU seconds over all
threads): `x numpy`, `x mundig` = how many times faster than those; `of sgemm` = share of the time of the full matrix
product. Radii are of the engines that made all picks; lightly-mundig's are larger because its picks depart from the
sequential greedy's after about a hundred.

"""
_COLUMNS = (
    *("data", "rows", "D", "picks", "parts", "wall s", "CPU s", "x numpy", "x mundig", "of sgemm"),
    *("pairs", "rounds", "radius: ours, numpy, mundig", "repeats", "load"),
)
_BASE = {"rows": 200_000, "dimensions": 128, "picks": 4_000, "partitions": 1}
_DIMENSIONS = _BASE | {"rows": 100_000, "picks": 2_000}
_SHARDS = ("find", "refresh", "order")  # phases of the shards; the rest is the driver's


def report(results: Path) -> None:
    """Write ``selection_results.md`` and ``selection_growth.png`` beside the results."""
    lines = _read(results)
    parts = [
        _HEAD,
        _table(_COLUMNS, [_speed(line) for line in lines]),
        *_growth(lines),
        *_driver(lines),
        *_clusters(results.parent),
    ]
    results.with_suffix(".md").write_text("".join(parts))
    _plot(lines, results.with_name("selection_growth.png"))


def _read(path: Path) -> list[Line]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _table(head: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    names = [str(name) for name in head]
    lines = [names, ["---"] * len(names), *([str(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines) + "\n"


def _speed(line: Line) -> list[object]:
    return [
        line["kind"],
        f"{line['rows']:,}",
        line["dimensions"],
        f"{line['picks']:,}",
        line["partitions"],
        f"{line['wall']['ours']:.2f}",
        f"{line['cpu']['ours']:.2f}",
        _ratio(line, "numpy", "ours", ".1f"),
        _ratio(line, "mundig", "ours", ".1f"),
        _ratio(line, "ours", "sgemm", ".2f"),
        f"{100 * line['share']:.1f} %",
        line["rounds"],
        ", ".join(f"{line['radius'][name]:.5f}" for name in ("ours", "numpy", "mundig") if name in line["radius"]),
        line["repeats"],
        line["load"],
    ]


def _ratio(line: Line, over: str, under: str, digits: str) -> str:
    if over not in line["wall"] or under not in line["wall"]:
        return ""
    wall, cpu = (line[clock][over] / line[clock][under] for clock in ("wall", "cpu"))
    return f"{wall:{digits}} ({cpu:{digits}})"


def _series(lines: list[Line], size: str) -> dict[int, Line]:
    """The newest clustered line for every value of one size, the others as in the base."""
    fixed = {name: value for name, value in (_DIMENSIONS if size == "dimensions" else _BASE).items() if name != size}
    found = {
        line[size]: line
        for line in lines
        if line["kind"] == "clustered" and all(line[name] == value for name, value in fixed.items())
    }
    return dict(sorted(found.items()))


def _growth(lines: list[Line]) -> list[str]:
    """Per phase: seconds for all N, and the exponent of their growth from the smallest to the largest."""
    series = _series(lines, "rows")
    if len(series) < 2:
        return []
    first, *_, last = series
    phases = list(series[first]["seconds"])
    rows = [
        [phase, *(f"{line['seconds'][phase]:.3f}" for line in series.values()), f"{_exponent(series, phase):.2f}"]
        for phase in phases
    ]
    return [
        "## Growth with the rows, phase by phase\n\n",
        f"Seconds for 4,000 picks; exponent = log(time) / log(rows) from {first:,} to {last:,} rows, 1 is linear. ",
        "`find`, `refresh` and `order` are the shard's, and add up to `propose`.\n\n",
        _table(["phase", *(f"{value:,}" for value in series), "exponent"], rows),
    ]


def _exponent(series: dict[int, Line], phase: str) -> float:
    first, *_, last = series
    times = [series[value]["seconds"][phase] for value in (first, last)]
    return float(np.log(times[1] / times[0]) / np.log(last / first))


def _driver(lines: list[Line]) -> list[str]:
    """The driver's seconds and bytes against the number of partitions, and a straight line through them to 100."""
    series = _series(lines, "partitions")
    if len(series) < 2:
        return []
    seconds = {parts: _of_driver(line) for parts, line in series.items()}
    volume = {parts: line["driver_bytes"] / 1e6 for parts, line in series.items()}
    rows = [
        [parts, f"{line['wall']['ours']:.2f}", f"{seconds[parts]:.3f}", f"{volume[parts]:.1f}", f"{line['share']:.3f}"]
        for parts, line in series.items()
    ]
    at_100 = [
        float(np.polyval(np.polyfit(list(values), list(values.values()), 1), 100)) for values in (seconds, volume)
    ]
    rows.append(["100, predicted", "", f"{at_100[0]:.3f}", f"{at_100[1]:.1f}", ""])
    return [
        "## The driver\n\n",
        "Partitions in one process, one after the other; driver = everything but the shards' phases.\n\n",
        _table(["partitions", "wall s", "driver s", "driver MB", "pairs"], rows),
    ]


def _of_driver(line: Line) -> float:
    seconds = line["seconds"]
    return float(seconds["propose"] + seconds["pick"] - sum(seconds[name] for name in _SHARDS))


def _clusters(folder: Path) -> list[str]:
    """Runs on Ray."""
    parts = []
    for name, title in (
        ("selection_actors", "Two shard actors against one process with two threads"),
        ("selection_huge", "10,000,000 rows from Parquet on two shard actors"),
    ):
        if (folder / f"{name}.jsonl").exists():
            lines = _read(folder / f"{name}.jsonl")
            parts += [f"## {title}\n\n", *(_table(("", ""), [*line.items(), *_bound(line)]) for line in lines)]
    return parts


def _bound(line: Line) -> list[tuple[str, str]]:
    """What took the time."""
    if "seconds" not in line:
        return []
    read, picked = (line["seconds"][phase] / line["wall"] for phase in ("read", "propose"))
    return [
        ("bound by", f"reading {read:.0%}, bounds of rows {picked:.0%}, start and end of Ray {1 - read - picked:.0%}")
    ]


def _plot(lines: list[Line], path: Path) -> None:
    """Seconds against each size, the others as most lines have them; dashes: linear growth."""
    figure, axes = plt.subplots(1, 4, figsize=(16, 4), constrained_layout=True)
    for axis, size in zip(axes, _BASE, strict=True):
        series = {value: line["wall"]["ours"] for value, line in _series(lines, size).items()}
        sizes = list(series)
        axis.loglog(sizes, list(series.values()), "o-")
        if sizes and size != "partitions":
            axis.loglog(sizes, [series[sizes[0]] * value / sizes[0] for value in sizes], "--", color="gray")
        axis.set_xlabel(size)
        base = _DIMENSIONS if size == "dimensions" else _BASE
        axis.set_title(", ".join(f"{name} {value:,}" for name, value in base.items() if name != size), fontsize=8)
    axes[0].set_ylabel("seconds")
    figure.savefig(path, dpi=110)
    plt.close(figure)

"""The table and the plot of `selection_speed`: ratios of medians, and time against rows, picks and dimensions."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

_HEAD = """# Selection speed

Written by `python tests/benchmarks/selection_speed.py case=report` from `selection_results.jsonl`; see there for how
the lines were made. Ratios are of CPU seconds (and, in brackets, of wall-clock seconds; load says how many other
processes wanted the cores): `x numpy`, `x mundig` = how many times faster than those; `of sgemm` = share of the time of
the full matrix product.

"""


_COLUMNS = (
    *("data", "rows", "D", "picks", "parts", "wall s", "CPU s", "x numpy", "x mundig", "of sgemm"),
    *("pairs", "rounds", "driver s", "driver MB", "load"),
)


def report(results: Path) -> None:
    """Write ``selection_results.md`` and ``selection_growth.png`` beside the results."""
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    results.with_suffix(".md").write_text(
        _HEAD + _line(_COLUMNS) + _line("---" for _ in _COLUMNS) + "".join(_row(line) for line in lines)
    )
    _plot(lines, results.with_name("selection_growth.png"))


def _row(line: dict[str, Any]) -> str:
    cells = [
        line["kind"],
        f"{line['rows']:,}",
        line["dimensions"],
        f"{line['picks']:,}",
        line["partitions"],
        f"{line['wall']['ours']:.2f}",
        f"{line['cpu']['ours']:.2f}",
        _ratio(line, "numpy", "ours", ".0f"),
        _ratio(line, "mundig", "ours", ".0f"),
        _ratio(line, "ours", "sgemm", ".2f"),
        f"{100 * line['share']:.1f} %",
        line["rounds"],
        f"{line['driver_seconds']:.2f}",
        f"{line['driver_bytes'] / 1e6:.0f}",
        line["load"],
    ]
    return _line(cells)


def _line(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |\n"


def _ratio(line: dict[str, Any], over: str, under: str, digits: str) -> str:
    if over not in line["cpu"] or under not in line["cpu"]:
        return ""
    cpu, wall = (line[clock][over] / line[clock][under] for clock in ("cpu", "wall"))
    return f"{cpu:{digits}} ({wall:{digits}})"


def _plot(lines: list[dict[str, Any]], path: Path) -> None:
    """CPU seconds against each size, the others as most lines have them; dashes: linear growth."""
    base = {"rows": 200_000, "dimensions": 128, "picks": 4_000, "partitions": 1}
    figure, axes = plt.subplots(1, 4, figsize=(16, 4), constrained_layout=True)
    for axis, size in zip(axes, base, strict=True):
        fixed = {name: value for name, value in base.items() if name != size}
        if size == "dimensions":
            fixed |= {"rows": 100_000, "picks": 2_000}
        series = {
            line[size]: line["cpu"]["ours"]
            for line in lines
            if line["kind"] == "clustered" and all(line[name] == value for name, value in fixed.items())
        }
        sizes = sorted(series)
        axis.loglog(sizes, [series[value] for value in sizes], "o-")
        if sizes and size != "partitions":
            axis.loglog(sizes, [series[sizes[0]] * value / sizes[0] for value in sizes], "--", color="gray")
        axis.set_xlabel(size)
        axis.set_title(", ".join(f"{name} {value:,}" for name, value in fixed.items()), fontsize=8)
    axes[0].set_ylabel("CPU seconds")
    figure.savefig(path, dpi=110)
    plt.close(figure)

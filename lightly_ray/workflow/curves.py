"""Accuracy by number of labels, per method and seed -> a table, a plot, JSON."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import BinaryIO

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from lightly_ray.data.atomic import atomic_write

_COLOURS = {
    "random": "#7f7f7f", "coreset": "#1f77b4", "coral": "#d62728", "auto": "#2ca02c", "coverage": "#9467bd",
    "cluster": "#ff7f0e", "active_learning": "#8c564b",
}  # fmt: skip
_OTHERS = ("#e377c2", "#17becf", "#bcbd22")  # functions of a user


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """A curve with its interval: ``mean`` (R,), and ``half`` (R,) of the interval's width, as shares."""

    name: str
    mean: NDArray[np.float64]
    half: NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """One method's learning curve.

    Attributes:
        labels: R numbers of labelled samples, ascending.
        accuracy: a row of R accuracies for each of S seeds.
    """

    labels: list[int]
    accuracy: list[list[float]] = field(default_factory=list)

    @property
    def mean(self) -> list[float]:
        """R means over the seeds."""
        return [float(value) for value in np.mean(self.accuracy, axis=0)]

    @property
    def std(self) -> list[float]:
        """R standard deviations over the seeds (of the seeds at hand: divided by S)."""
        return [float(value) for value in np.std(self.accuracy, axis=0)]

    def to_json(self) -> dict[str, object]:
        """The curve as JSON values."""
        return {"labels": self.labels, "accuracy": self.accuracy, "mean": self.mean, "std": self.std}


def table(curves: dict[str, Curve]) -> str:
    """Mean accuracy in per cent, a line per number of labels and a column per method; last, the mean over the curve."""
    lines = ["labels  " + "".join(f"{method:>16}" for method in curves)]
    labels = next(iter(curves.values())).labels
    for row, count in enumerate(labels):
        cells = (f"{100 * curve.mean[row]:.1f} +- {100 * curve.std[row]:.1f}" for curve in curves.values())
        lines.append(f"{count:>6}  " + "".join(f"{cell:>16}" for cell in cells))
    means = (f"{100 * float(np.mean(curve.mean)):.1f}" for curve in curves.values())
    return "\n".join([*lines, "  mean  " + "".join(f"{mean:>16}" for mean in means)])


def plot(curves: dict[str, Curve], path: Path, title: str) -> None:
    """Draw mean and spread (one standard deviation) per method into a PNG file; it appears whole or not at all."""
    labels, seeds = next((curve.labels, len(curve.accuracy)) for curve in curves.values())
    bands = [Band(method.upper(), np.array(curve.mean), np.array(curve.std)) for method, curve in curves.items()]
    file = io.BytesIO()
    draw_bands(file, labels, bands, title, f"mean and spread of {seeds} seeds")
    with atomic_write(path) as target:
        target.write(file.getvalue())


def draw_bands(file: BinaryIO, labels: Sequence[int], bands: Sequence[Band], title: str, legend: str) -> None:
    """Draw curves with their bands, of accuracy at numbers of labels, as a PNG."""
    # A figure of its own: pyplot would choose a window system for the whole process.
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    others = cycle(_OTHERS)
    for band in bands:
        colour = _COLOURS.get(band.name.lower()) or next(others)
        axes.plot(labels, band.mean, marker="o", markersize=4, label=band.name, color=colour)
        axes.fill_between(labels, band.mean - band.half, band.mean + band.half, alpha=0.15, linewidth=0, color=colour)
    axes.set(xlabel="labelled images", ylabel="accuracy on held-out images", title=title)
    axes.legend(title=legend, loc="lower right", frameon=False)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, format="png", dpi=150)


def plot_loss(losses: Sequence[float], title: str) -> bytes:
    """Draw the loss of each epoch as a PNG file."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot(range(1, len(losses) + 1), losses, marker="o", markersize=4, color=_COLOURS["coreset"])
    axes.set(xlabel="epoch", ylabel="mean loss (NT-Xent)", title=title)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=150)
    return file.getvalue()

"""What each method picks, in two dimensions: ``python tests/benchmarks/picks_picture.py``.

Three classes of 600, 250 and 50 samples and a few odd ones; scores are the margins of a model of one label a class.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pydantic import Field
from sklearn.linear_model import LogisticRegression

from lightly_ray import select
from lightly_ray.settings import Settings, run

_CENTRES, _WIDTHS, _SIZES = ((0.0, 0.0), (3.0, 0.6), (1.2, 2.8)), (0.75, 0.5, 0.35), (600, 250, 50)
_ODD = 14
_COLOURS = ("#c6dbef", "#c7e9c0", "#fdd0a2", "#d9d9d9")
_PICKS = 24
_PANELS = (
    ("random", "RANDOM"), ("coverage", "COVERAGE"), ("coverage scored", "COVERAGE, weighted"),
    ("coreset", "CORESET"), ("coral", "CORAL"), ("cluster scored", "CLUSTER"), ("active_learning", "ACTIVE_LEARNING"),
    ("cluster", "CLUSTER, no scores"),
)  # fmt: skip


class PictureSettings(Settings):
    """Draw the picture of the guide."""

    output: Path = Field(default=Path("lightly_ray/guide/picks.png"), description="PNG file to write")


def draw(settings: PictureSettings) -> dict[str, object]:
    """Draw."""
    points, classes = _made()
    # On a sphere they are directions: what lies far from each other here does so there too.
    lifted = np.column_stack([points - points.mean(axis=0), np.full(len(points), 4.0)])
    scores = _margins(points, classes)
    figure = Figure(figsize=(11, 5.6), layout="constrained")
    for axes, (name, title) in zip(figure.subplots(2, 4).ravel(), _PANELS, strict=True):
        method, _, scored = name.partition(" ")
        weights = scores if scored or method in ("coral", "active_learning") else None
        rows = select(lifted, _PICKS, method, scores=weights, seed=1, normalize=False, progress=False).rows
        axes.scatter(*points.T, s=5, c=[_COLOURS[one] for one in classes], linewidths=0, alpha=0.6)
        axes.scatter(*points[rows].T, s=20, c="#d62728", linewidths=0)
        axes.set(xticks=[], yticks=[], aspect="equal")
        axes.set_title(title, color="#777777")
        axes.spines[:].set_visible(False)
    figure.savefig(settings.output, dpi=110, transparent=True)  # for light and dark pages
    return {"output": str(settings.output)}


def _made() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    random = np.random.default_rng(4)
    parts = [
        centre + width * random.normal(size=(size, 2))
        for centre, width, size in zip(_CENTRES, _WIDTHS, _SIZES, strict=True)
    ]
    parts.append(random.uniform((-2.6, -2.4), (5.4, 4.4), (_ODD, 2)))
    return np.concatenate(parts).astype(np.float32), np.repeat(np.arange(4), (*_SIZES, _ODD))


def _margins(points: NDArray[np.float32], classes: NDArray[np.int64]) -> NDArray[np.float64]:
    labelled = np.concatenate([np.flatnonzero(classes == one)[:3] for one in range(3)])
    model = LogisticRegression().fit(points[labelled], classes[labelled])
    likely = np.sort(model.predict_proba(points), axis=1)
    return np.asarray(1 - (likely[:, -1] - likely[:, -2]))


if __name__ == "__main__":
    run(draw, PictureSettings)

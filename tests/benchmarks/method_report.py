"""Comparisons of methods -> one page of tables, and the pictures of README.

    for set in digits mnist landsat letter fashion longtail duplicates clothing_network clothing_descriptor; do
      for model in c1 cv; do for refits in 1 4; do
        python jobs/compare_methods.py data=SETS/$set.parquet output=OUT/$set-$model-$refits model=$model \\
          refits=$refits seeds=10 methods=auto,coverage,cluster,coral,coreset   # held_out= where the set has one
      done; done; done
    python tests/benchmarks/method_report.py outputs=OUT

The sets are made by ``tests/benchmarks/quality_data.py``. What was not run is left out.
"""

import json
from itertools import product
from pathlib import Path

import numpy as np
from pydantic import Field

from lightly_ray.settings import Settings, run
from lightly_ray.workflow.comparison.statistics import interval
from lightly_ray.workflow.curves import Band, draw_bands

_SETS = {
    "digits": "digits (scikit-learn, descriptor)",
    "mnist": "5,000 of MNIST, descriptor",
    "landsat": "Landsat patches",
    "letter": "letters, 16 numbers each",
    "fashion": "8,000 of Fashion-MNIST, descriptor",
    "longtail": "a long tail of Fashion-MNIST, 550 down to 6 a class, descriptor",
    "duplicates": "photographs of clothes, a fifth of them near-duplicates, pretrained network",
    "clothing_network": "photographs of clothes, pretrained network",
    "clothing_descriptor": "photographs of clothes, descriptor",
}
_SHOWN = ("fashion", "clothing_network", "longtail")
_METHODS = ("random", "auto", "coverage", "cluster", "coral", "coreset")
_HEAD = """# Methods compared

Made by `python tests/benchmarks/method_report.py`, which says how. AUTO has predictions and labels; coverage is
weighted by the margin; coral and coreset are whitened. A share of the pool outside the budgets is left out.
"""


class ReportSettings(Settings):
    """Put comparisons onto one page."""

    outputs: Path = Field(description="folder with an output of jobs/compare_methods.py for each comparison")
    page: Path = Field(default=Path("tests/benchmarks/method_comparison.md"), description="page to write")
    pictures: Path = Field(default=Path("tests/benchmarks"), description="folder for methods_SET.png")


def write(settings: ReportSettings) -> dict[str, object]:
    """Write page and pictures."""
    parts = [_HEAD]
    for name, model, refits in product(_SETS, ("c1", "cv"), (1, 4)):
        folder = settings.outputs / f"{name}-{model}-{refits}"
        if (folder / "comparison.md").exists():
            _, _, text = (folder / "comparison.md").read_text().partition("\n")
            parts.append(f"## On {_SETS[name]}\n{text}")
    settings.page.write_text("\n".join(parts).rstrip() + "\n")
    for name in _SHOWN:
        _draw(
            settings.outputs / f"{name}-c1-4", _SETS[name].partition(",")[0], settings.pictures / f"methods_{name}.png"
        )
    return {"comparisons": len(parts) - 1}


def _draw(folder: Path, title: str, picture: Path) -> None:
    budgets = json.loads((folder / "comparison.json").read_text())["budgets"]
    bands = []
    for method in _METHODS:
        runs = sorted((folder / "runs").glob(f"{method}-*.json"))
        accuracy = np.array([json.loads(path.read_text())["accuracy"] for path in runs])
        bands.append(Band(method.upper(), *interval(accuracy)))
    with picture.open("wb") as file:
        draw_bands(file, budgets, bands, title[0].upper() + title[1:], "four selections, 10 seeds")


if __name__ == "__main__":
    run(write, ReportSettings)

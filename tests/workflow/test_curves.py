"""Learning curves: mean, spread, table and plot."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lightly_ray.workflow.curves import Curve, plot, table

CURVES = {
    "random": Curve([20, 40, 60], [[0.5, 0.6, 0.7], [0.7, 0.6, 0.8]]),
    "coral": Curve([20, 40, 60], [[0.5, 0.8, 0.9], [0.7, 0.9, 0.9]]),
}


def test_curve__mean_and_spread_over_seeds() -> None:
    assert CURVES["random"].mean == pytest.approx([0.6, 0.6, 0.75])
    assert CURVES["random"].std == pytest.approx([0.1, 0, 0.05])


def test_table__a_line_per_number_of_labels_and_the_mean_of_the_curve() -> None:
    lines = table(CURVES).splitlines()
    assert lines[0].split() == ["labels", "random", "coral"]
    assert lines[2].split() == ["40", "60.0", "+-", "0.0", "85.0", "+-", "5.0"]
    assert lines[-1].split() == ["mean", "65.0", "78.3"]


def test_plot__is_an_image_with_something_on_it(tmp_path: Path) -> None:
    path = tmp_path / "learning_curve.png"
    plot(CURVES, path, "a title")
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    assert pixels.shape[0] > 300
    red = (pixels == [0xD6, 0x27, 0x28]).all(axis=2).sum()
    assert red > 200
    assert [file.name for file in tmp_path.iterdir()] == ["learning_curve.png"]

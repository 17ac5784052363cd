"""The ten colours of classes stay apart, for eyes of every kind, on light and dark pages.

Eyes without one kind of cones are simulated by the matrices of Machado, Oliveira and Fernandes (A Physiologically-based
Model for Simulation of Color Vision Deficiency, 2009, severity 1.0), on linear RGB. Distances are CIEDE2000 (Sharma, Wu
and Dalal 2005). Tableau 10, which most plots use, has pairs 0.7 apart by this measure, Petroff's sequence 11.9.
"""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import lightly_ray.platform

WEB = Path(lightly_ray.platform.__file__).parent / "web"
APART = 14.5
CONTRAST = {"LIGHT": 1.6, "DARK": 3.0}

EYES = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}

Colours = NDArray[np.float64]


def palette(name: str) -> list[str]:
    """The colours that a constant of `lib/palette.js` lists."""
    text = (WEB / "lib" / "palette.js").read_text()
    listed = re.search(rf"^const {name} = (.*?);$", text, re.MULTILINE | re.DOTALL)
    assert listed, f"lib/palette.js has no {name}"
    return re.findall(r"#[0-9a-f]{6}", listed[1])


def paper(theme: str) -> str:
    """The colour of the page."""
    text = (WEB / "style" / "app.css").read_text()
    found = re.search(r"--paper: light-dark\((#\w{6}), (#\w{6})\)", text)
    assert found, "app.css has no --paper"
    return found[1] if theme == "LIGHT" else found[2]


def linear(colours: list[str]) -> Colours:
    """Hexadecimal sRGB to linear RGB, (N, 3) in 0..1."""
    values = np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in colours])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb: Colours) -> Colours:
    """Linear RGB to CIELAB under D65, (N, 3)."""
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    xyz = rgb @ to_xyz.T / np.array([0.95047, 1, 1.08883])
    root = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * root[:, 1] - 16, 500 * (root[:, 0] - root[:, 1]), 200 * (root[:, 1] - root[:, 2])], axis=1)


def ciede2000(first: Colours, second: Colours) -> float:
    """The distance of two CIELAB colours, (3,) each."""
    chroma = (np.hypot(*first[1:]) + np.hypot(*second[1:])) / 2
    stretch = 1.5 - 0.5 * np.sqrt(chroma**7 / (chroma**7 + 25**7))
    chromas = [np.hypot(one[1] * stretch, one[2]) for one in (first, second)]
    hues = [np.degrees(np.arctan2(one[2], one[1] * stretch)) % 360 for one in (first, second)]
    turn = (hues[1] - hues[0] + 180) % 360 - 180
    hue = (hues[0] + turn / 2) % 360
    light, mean = (first[0] + second[0]) / 2, sum(chromas) / 2
    cosines = np.cos(np.radians([hue - 30, 2 * hue, 3 * hue + 6, 4 * hue - 63]))
    by_hue = 1 + cosines @ [-0.17, 0.24, 0.32, -0.20]
    lightness = (second[0] - first[0]) / (1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2))
    colourful = (chromas[1] - chromas[0]) / (1 + 0.045 * mean)
    tint = 2 * np.sqrt(chromas[0] * chromas[1]) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * mean * by_hue)
    bend = -2 * np.sqrt(mean**7 / (mean**7 + 25**7)) * np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2))))
    return float(np.sqrt(lightness**2 + colourful**2 + tint**2 + bend * colourful * tint))


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 2.5, 0.0), (61.0, -5.0, 29.0), 22.8977),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_ciede2000__gives_the_distances_of_its_paper(
    first: tuple[float, ...], second: tuple[float, ...], distance: float
) -> None:
    assert ciede2000(np.array(first), np.array(second)) == pytest.approx(distance, abs=1e-4)


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", ["LIGHT", "DARK"])
def test_palette__ten_colours_other_and_the_page_stay_apart(theme: str, eye: str) -> None:
    classes = palette(theme)
    assert len(classes) == 10
    others = [*palette(f"OTHER_{theme}"), paper(theme)]
    seen = lab(np.clip(linear([*classes, *others]) @ EYES[eye].T, 0, 1))
    # Of the last two nothing is asked: what is "other" recedes into the page.
    pairs = [pair for pair in combinations(range(12), 2) if pair != (10, 11)]
    nearest = min(pairs, key=lambda pair: ciede2000(seen[pair[0]], seen[pair[1]]))
    assert ciede2000(seen[nearest[0]], seen[nearest[1]]) >= APART, nearest


@pytest.mark.parametrize("theme", ["LIGHT", "DARK"])
def test_palette__each_colour_stands_out_from_the_page(theme: str) -> None:
    luminances = linear([*palette(theme), paper(theme)]) @ np.array([0.2126, 0.7152, 0.0722])
    brighter, darker = np.maximum(luminances[:-1], luminances[-1]), np.minimum(luminances[:-1], luminances[-1])
    assert ((brighter + 0.05) / (darker + 0.05)).min() >= CONTRAST[theme]


def test_scale__grows_lighter_throughout() -> None:
    lightness = lab(linear(palette("VIRIDIS")))[:, 0]
    assert len(lightness) == 16
    assert (np.diff(lightness) > 3).all()

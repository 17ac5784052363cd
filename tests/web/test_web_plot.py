"""The plot of an embedding: in a real browser, drawn without a GPU, used by hand and by keyboard."""

import io
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import expect

from tests.web.conftest import PATIENCE, SAMPLES, Digits, call

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

MARGIN = 24  # pixels that the plot leaves free round its points


class Plot:
    """The plot of the digits, and where it has drawn each of them."""

    def __init__(self, page: "Page", digits: Digits) -> None:
        self.page = page
        self.area: Locator = page.get_by_role("application", name="Plot of the embedding")
        # Points are there once the tools are; the first plot of all waits for a job.
        expect(page.get_by_role("toolbar", name="Tools of the plot")).to_be_visible(timeout=10 * PATIENCE)
        embedding = page.request.get(f"/app/datasets/{digits.id}").json()["embeddings"][-1]["id"]
        answer = page.request.get(f"/app/datasets/{digits.id}/embeddings/{embedding}/points?method=PCA")
        self.points: NDArray[np.float32] = np.frombuffer(answer.body(), dtype="<f4").reshape(-1, 2)
        self.box: Any = self.area.bounding_box()

    @property
    def pixels(self) -> NDArray[np.float64]:
        """(n, 2) in the window: all points fit, about the middle, in the same scale both ways."""
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        size = np.array([self.box["width"], self.box["height"]])
        scale = ((size - 2 * MARGIN) / (high - low)).min()
        corner = np.array([self.box["x"], self.box["y"]])
        from_middle = (self.points - (low + high) / 2) * scale * np.array([1, -1])
        return np.asarray(corner + size / 2 + from_middle, dtype=np.float64)

    def drag(self, *places: tuple[float, float]) -> None:
        """Press at the first place, go through the others, and let go."""
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=4)
        self.page.mouse.up()

    def colours(self) -> set[tuple[int, ...]]:
        """The colours of all its pixels."""
        picture = Image.open(io.BytesIO(self.area.screenshot())).convert("RGB")
        return {tuple(colour) for colour in np.unique(np.asarray(picture).reshape(-1, 3), axis=0).tolist()}


@pytest.fixture
def plot(page: "Page", digits: Digits) -> Plot:
    """The plot as it opens."""
    page.goto(digits.address)
    return Plot(page, digits)


def alone(pixels: NDArray[np.float64]) -> int:
    """The row of the point that is farthest from all others."""
    gaps = np.linalg.norm(pixels[:, None] - pixels[None], axis=2)
    np.fill_diagonal(gaps, np.inf)
    return int(gaps.min(axis=1).argmax())


def test_a_plot_opens__with_pca_in_the_colours_of_labels(plot: Plot, digits: Digits) -> None:
    expect(plot.page.get_by_role("button", name="Colours: label")).to_be_visible()
    counts = {
        str(label): int(count) for label, count in zip(*np.unique(digits.labels, return_counts=True), strict=True)
    }
    entries = plot.page.locator(".plot-legend .plot-class")
    assert {one.split("\n")[0]: int(one.split("\n")[-1]) for one in entries.all_inner_texts()} == counts
    for code in range(10):
        hexadecimal = call(plot.page, "lib/palette.js", "m.hexOf(a, false)", code)
        assert tuple(bytes.fromhex(hexadecimal[1:])) in plot.colours()


@pytest.mark.full
def test_a_rectangle__filters_by_what_lies_in_it(plot: Plot) -> None:
    middle, corner = np.median(plot.pixels, axis=0), plot.pixels.max(axis=0) + 4
    plot.page.get_by_role("button", name="Rectangle (R)").click()
    plot.drag((middle[0], middle[1]), (corner[0], corner[1]))
    inside = ((plot.pixels > middle) & (plot.pixels < corner)).all(axis=1).sum()
    assert 0 < inside < SAMPLES
    expect(plot.page.locator(".found")).to_have_text(f"{inside} of {SAMPLES}")
    expect(plot.page.locator(".plot-lasso")).to_be_visible()
    plot.page.go_back()
    expect(plot.page.locator(".found")).to_have_text(str(SAMPLES))
    expect(plot.page.locator(".plot-lasso")).to_have_count(0)


@pytest.mark.full
def test_a_lasso__filters_by_what_lies_in_it_and_stands_in_the_address(plot: Plot) -> None:
    row = alone(plot.pixels)
    turns = np.linspace(0, 2 * np.pi, 200)
    ring = plot.pixels[row] + 8 * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    plot.drag(*[(float(x), float(y)) for x, y in ring])
    expect(plot.page.locator(".found")).to_have_text(f"1 of {SAMPLES}")
    listed = re.search(r"lasso=([^&]+)", unquote(plot.page.url))
    assert listed
    vertices = listed[1].split("~")[2].split(";")
    assert 6 <= len(vertices) <= 64


@pytest.mark.full
def test_escape__leaves_a_drawing(plot: Plot) -> None:
    place = plot.box["x"] + 60, plot.box["y"] + 120
    plot.page.mouse.move(*place)
    plot.page.mouse.down()
    plot.page.mouse.move(place[0] + 250, place[1] + 300, steps=5)
    expect(plot.page.locator(".plot-sketch")).to_have_attribute("points", re.compile(","))
    plot.page.keyboard.press("Escape")
    expect(plot.page.locator(".plot-sketch")).to_have_attribute("points", "")
    plot.page.mouse.up()
    expect(plot.page.locator(".found")).to_have_text(str(SAMPLES))


@pytest.mark.full
def test_the_legend__filters_by_classes_and_counts_what_is_left(plot: Plot, digits: Digits) -> None:
    counts = np.bincount(digits.labels)
    legend = plot.page.get_by_label("Legend")
    for number, digit in enumerate(["3", "5"]):
        legend.get_by_role("button", name=re.compile(f"^{digit} ")).click()
        left = int(counts[[3, 5][: number + 1]].sum())
        expect(plot.page.locator(".found")).to_have_text(f"{left} of {SAMPLES}")
    expect(legend.get_by_role("button", name=re.compile("^4 "))).to_contain_text(f"0 / {counts[4]}")
    legend.get_by_role("button", name=re.compile("^3 ")).click()
    expect(plot.page.locator(".found")).to_have_text(f"{counts[5]} of {SAMPLES}")


@pytest.mark.full
def test_a_point__is_shown_selected_and_opened(plot: Plot, digits: Digits) -> None:
    row = alone(plot.pixels)
    x, y = plot.pixels[row]
    plot.page.mouse.move(x + 1, y)
    expect(plot.page.locator(".plot-card .plot-name")).to_have_text(digits.names[row])
    plot.page.keyboard.down("Shift")
    plot.page.mouse.click(x, y)
    plot.page.keyboard.up("Shift")
    expect(plot.page.get_by_text("1 selected")).to_be_visible()
    plot.page.mouse.click(x, y)
    plot.page.wait_for_url(re.compile(f"open={row}(&|$)"))


@pytest.mark.full
def test_keys__zoom_and_show_all_again(plot: Plot) -> None:
    row = alone(plot.pixels)
    x, y = plot.pixels[row]
    ring = plot.page.locator(".plot-ring")
    plot.area.focus()
    plot.page.keyboard.press("+")
    plot.page.mouse.move(x, y)
    expect(ring).to_be_hidden()
    plot.page.keyboard.press("0")
    plot.page.mouse.move(x + 1, y)
    expect(ring).to_be_visible()
    plot.page.keyboard.press("r")
    expect(plot.page.get_by_role("button", name="Rectangle (R)")).to_have_attribute("aria-pressed", "true")


@pytest.mark.full
def test_a_lost_context__comes_back(plot: Plot) -> None:
    before = plot.colours()
    plot.page.evaluate(
        """async () => {
          const context = document.querySelector(".plot-area canvas").getContext("webgl2");
          const change = context.getExtension("WEBGL_lose_context");
          change.loseContext();
          await new Promise((go) => context.canvas.addEventListener("webglcontextlost", () => setTimeout(go)));
          change.restoreContext();
          await new Promise((go) => context.canvas.addEventListener("webglcontextrestored", () => setTimeout(go)));
          await new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
        }"""
    )
    assert plot.colours() == before


@pytest.mark.full
def test_a_plot_folded_away__stays_so(plot: Plot) -> None:
    plot.page.get_by_role("button", name="Fold the plot away").click()
    expect(plot.area).to_be_hidden()
    plot.page.reload()
    expect(plot.page.get_by_role("option").first).to_be_visible()
    plot.page.get_by_role("button", name="Show the plot").click()
    expect(plot.page.get_by_role("toolbar", name="Tools of the plot")).to_be_visible()


def test_the_nearest_point__is_that_of_a_comparison_with_all(page: "Page") -> None:
    random = np.random.default_rng(0)
    points = random.standard_t(3, (700, 2)).astype(np.float32)
    points[::9] = np.nan
    places = random.normal(0, 2, (200, 2))
    found = call(
        page,
        "parts/plot_cloud.js",
        """await (async () => {
          const points = Float32Array.from(a.points, (value) => value ?? NaN);
          const cloud = await m.Cloud.of(points, new AbortController().signal);
          return a.places.map((place) => cloud.nearest(cloud.place(place), 0.5 / cloud.half, (row) => row % 2 === 0));
        })()""",
        {"points": [None if np.isnan(one) else float(one) for one in points.ravel()], "places": places.tolist()},
    )
    distances = np.linalg.norm(places[:, None] - points[None], axis=2)
    distances[~(distances <= 0.5)] = np.inf
    # Rows that are preferred win over nearer ones that are not.
    distances[:, 1::2] += np.where(np.isinf(distances[:, ::2].min(axis=1, keepdims=True)), 0, 1)
    expected = [int(one.argmin()) if np.isfinite(one.min()) else None for one in distances]
    assert found == expected
    assert None in found


def test_a_lasso_of_many_vertices__keeps_its_form_in_few(page: "Page") -> None:
    turns = np.linspace(0, 2 * np.pi, 3000)
    wave = 200 + 30 * np.cos(9 * turns)
    path = np.stack([wave * np.cos(turns), wave * np.sin(turns)], axis=1)
    kept = np.array(call(page, "parts/plot_lasso.js", "m.simplified(a)", path.tolist()))
    assert len(kept) <= 64
    x, y = kept[:, 0], kept[:, 1]
    area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    assert area == pytest.approx(np.pi * (200**2 + 30**2 / 2), rel=0.03)


def test_coordinates__have_four_digits_of_the_polygons_size(page: "Page") -> None:
    far = [[100000.123456, -2.00004321], [100003.987654, 1.23456789], [100001.5, 0.00000001]]
    rounded = call(page, "parts/plot_lasso.js", "m.rounded(a)", far)
    assert rounded == [[100000.123, -2], [100003.988, 1.235], [100001.5, 0]]

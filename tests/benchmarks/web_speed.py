"""How quick the web app is on a large dataset, in a headless Chromium.

    python tests/benchmarks/web_dataset.py data_dir=/tmp/large samples=1000000   # makes it
    python tests/benchmarks/web_speed.py data_dir=/tmp/large                       # prints the figures as JSON

Each figure is the median of `repeats` windows with empty caches.
"""

import shutil
import statistics
import time
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright
from pydantic import Field

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.errors import NotFoundError
from lightly_ray.platform.embedded import EmbeddedPlatform
from lightly_ray.settings import Settings, run

_FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
_REST = 8000  # milliseconds
# Every tile that can be seen has its picture.
_SHOWN = """() => {
  const grid = document.querySelector('sample-grid');
  if (!grid) return false;
  const box = grid.getBoundingClientRect();
  const seen = [...grid.querySelectorAll('.tile')].filter((tile) => {
    const { top, bottom } = tile.getBoundingClientRect();
    return bottom > box.top && top < box.bottom;
  });
  return seen.length > 0 && seen.every((tile) => tile.querySelector('img')?.naturalWidth > 0);
}"""
_JUMP = """(share) => {
  const grid = document.querySelector('sample-grid');
  grid.scrollTop = share * (grid.scrollHeight - grid.clientHeight);
}"""
# Milliseconds from a filter to the rows that it leaves, its column being there.
_FILTER = """async (filters) => {
  const { state } = document.querySelector('sample-grid');
  await state.setFilters(filters);
  await state.setFilters([]);
  state._masks.clear();
  const start = performance.now();
  await state.setFilters(filters);
  const took = performance.now() - start;
  const left = state.rows.length;
  await state.setFilters([]);
  return [took, left];
}"""


class WebSpeedSettings(Settings):
    """Open the samples of a dataset in windows of a browser, and time what a person waits for."""

    data_dir: Path = Field(description="folder of a platform with the dataset")
    dataset: str = Field(default="made up 1000000", description="name of the dataset, as `web_dataset.py` calls it")
    repeats: int = Field(default=5, ge=1, description="how many windows")
    width: int = Field(default=1440, ge=600, description="of a window, in pixels")
    height: int = Field(default=900, ge=400, description="of a window, in pixels")


def web_speed(settings: WebSpeedSettings) -> dict[str, Any]:
    """Measure."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise NotFoundError("there is no chromium on this machine")
    with EmbeddedPlatform(settings.data_dir) as platform, sync_playwright() as playwright:
        client = ApiWorkflowClient(platform.token, server=platform.url, show_progress=False)
        client.set_dataset_id_by_name(settings.dataset)
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        runs = [_measure(browser, platform, client, settings) for _ in range(settings.repeats)]
        browser.close()
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def _measure(
    browser: Browser, platform: EmbeddedPlatform, client: ApiWorkflowClient, settings: WebSpeedSettings
) -> dict[str, float]:
    context = browser.new_context(viewport={"width": settings.width, "height": settings.height}, base_url=platform.url)
    page = context.new_page()
    page.request.post("/app/session", data={"token": platform.token}, headers={"x-lightly-ray": "app"})
    traffic = _Traffic(context.new_cdp_session(page))
    start = time.perf_counter()
    page.goto(f"/#/datasets/{client.dataset_id}")
    page.wait_for_function(_SHOWN, polling=10)
    first = {"first screen, s": time.perf_counter() - start, **traffic.figures()}
    page.wait_for_selector(".bars")
    page.wait_for_timeout(_REST)  # drawn by the processor, a million points take seconds of it
    start = time.perf_counter()
    page.evaluate(_JUMP, 0.5)
    page.wait_for_function(_SHOWN, polling=10)
    middle = time.perf_counter() - start
    filters = _filters(page)
    figures = {**first, "middle, s": middle, **filters, **_memory(page)}
    context.close()
    return figures


class _Traffic:
    """What the window has asked for."""

    def __init__(self, session: CDPSession) -> None:
        self._bytes, self._paths = 0, list[str]()
        session.send("Network.enable")
        session.on("Network.requestWillBeSent", lambda event: self._paths.append(event["request"]["url"]))
        session.on("Network.loadingFinished", self._add)

    def figures(self) -> dict[str, float]:
        """Requests before the first thumbnail, thumbnails, and kB of all of them."""
        places = [place for place, path in enumerate(self._paths) if "/thumbnails/" in path]
        return {
            "requests before the thumbnails": places[0] if places else len(self._paths),
            "thumbnails": len(places),
            "first screen, kB": self._bytes / 1000,
        }

    def _add(self, event: dict[str, Any]) -> None:
        self._bytes += event["encodedDataLength"]


def _filters(page: Page) -> dict[str, float]:
    columns: list[dict[str, Any]] = page.evaluate("document.querySelector('sample-grid').state.dataset.columns()")
    number = next(column for column in columns if column["source"] == "score")
    middle = (number["min"] + number["max"]) / 2
    ranged = {"kind": "range", "key": number["key"], "low": middle, "high": None}
    info = page.evaluate("document.querySelector('sample-grid').state.dataset.info")
    tagged = [{"kind": "in", "tag": info["tags"][1]["id"]}, {"kind": "not", "tag": info["tags"][2]["id"]}]
    embedding = info["embeddings"][0]["id"]
    circle = [[0.5, -0.8], [0.8, 0.5], [-0.5, 0.8], [-0.8, -0.5]]
    lasso = {"kind": "lasso", "embedding": embedding, "method": "PCA", "points": circle}
    cases = {"score": [ranged], "tag and not tag": tagged, "lasso": [lasso], "all of them": [ranged, *tagged, lasso]}
    return {f"filter by {name}, s": page.evaluate(_FILTER, filters)[0] / 1000 for name, filters in cases.items()}


def _memory(page: Page) -> dict[str, float]:
    heap = page.evaluate("performance.memory.usedJSHeapSize")
    largest = max(process.memory_full_info().uss for process in _renderers())
    return {"JavaScript heap, MB": heap / 1e6, "memory of the page's process, MB": largest / 1e6}


def _renderers() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "--type=renderer" in " ".join(child.cmdline())]


if __name__ == "__main__":
    run(web_speed, WebSpeedSettings)

"""A real Chromium, and a platform with samples that it shows."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, ImageFilter
from sklearn.datasets import load_digits

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.api.api_workflow_upload_embeddings import LabelledEmbeddings, write_embeddings_csv
from lightly_ray.platform.embedded import EmbeddedPlatform
from tests.conftest import missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# No GPU: drawn by the processor. A container's root has no user namespaces, hence no sandbox.
FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
PATIENCE = 20_000  # milliseconds until an expectation fails
HOSTILE = "<img src=x onerror=document.title='hacked'>.png"
SAMPLES = 180


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    """A headless Chromium of this machine."""
    try:
        from playwright.sync_api import expect, sync_playwright
    except ImportError as error:
        missing("chromium", str(error))
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        missing("chromium", "there is no chromium on this machine")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@dataclass(frozen=True)
class Window:
    """A window of the browser, and what went wrong in it.

    Attributes:
        page: of Playwright.
        faults: errors of the console and of scripts; a test that expects one takes it out.
    """

    page: "Page"
    faults: list[str]


@pytest.fixture
def window(chromium: "Browser", live_platform: EmbeddedPlatform) -> Iterator[Window]:
    """A window of a laptop, nobody signed in; the test fails if a script does."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, base_url=live_platform.url)
    context.set_default_timeout(PATIENCE)
    page, faults = context.new_page(), list[str]()
    watch(page, faults)
    yield Window(page, faults)
    context.close()
    assert not faults


def watch(page: "Page", faults: list[str]) -> None:
    """Note errors of scripts, and what the content security policy refused."""
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: _note(message, faults))


def _note(message: Any, faults: list[str]) -> None:
    # An answer that is no success is told by the page; the browser's own line about it is no fault of ours.
    if message.type == "error" and "Failed to load resource" not in message.text:
        faults.append(message.text)


@pytest.fixture
def page(window: Window, live_platform: EmbeddedPlatform) -> "Page":
    """A page of somebody who has signed in."""
    window.page.goto("/#/datasets")
    sign_in(window.page, live_platform)
    return window.page


def sign_in(page: "Page", platform: EmbeddedPlatform) -> None:
    """Answer the page that asks for a token."""
    page.get_by_label("Token of this server").fill(platform.token)
    page.get_by_role("button", name="Sign in").click()
    # The page stands behind the dialog before anybody is signed in.
    page.get_by_role("dialog", name="Sign in").wait_for(state="hidden")


@dataclass(frozen=True)
class Digits:
    """A dataset of digits as the platform has it.

    Attributes:
        client: whose dataset it is.
        names: (n,) file names by row.
        labels: (n,) digits by row.
        vectors: (n, 64) embedding by row.
        sharpness: (n,) by row.
        scores: (n,) uncertainty_margin by row.
    """

    client: ApiWorkflowClient
    names: list[str]
    labels: np.ndarray
    vectors: np.ndarray
    sharpness: np.ndarray
    scores: np.ndarray

    @property
    def id(self) -> str:
        """Of the dataset."""
        return self.client.dataset_id

    @property
    def address(self) -> str:
        """Of its samples."""
        return f"/#/datasets/{self.id}"


@pytest.fixture(scope="session")
def digits(live_platform: EmbeddedPlatform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Digits]:
    """180 digits, more and less blurred, with embedding, labels and a score; one has a name that looks like HTML."""
    folder = tmp_path_factory.mktemp("digits")
    shipped = load_digits()
    names = [f"{label}/{number:04}.png" for number, label in enumerate(shipped.target[:SAMPLES])]
    names[7] = HOSTILE
    for number, name in enumerate(names):
        write_digit(folder / name, shipped.images[number], blur=number % 6 / 3)
    client = ApiWorkflowClient(live_platform.token, server=live_platform.url, show_progress=False)
    client.create_new_dataset_with_unique_name("digits")
    client.upload_dataset(folder, mode="full")
    at = {name: number for number, name in enumerate(names)}
    order = [at[name] for name in client.get_filenames()]
    vectors, labels = shipped.data[:SAMPLES][order], shipped.target[:SAMPLES][order]
    filenames = [names[number] for number in order]
    table = LabelledEmbeddings(filenames, vectors.astype(np.float32), [str(label) for label in labels])
    write_embeddings_csv(folder / "embeddings.csv", table)
    client.upload_embeddings(folder / "embeddings.csv")
    scores = np.random.default_rng(0).random(SAMPLES)
    client.upload_scores({"uncertainty_margin": scores.tolist()}, client.get_all_tags()[0].id)
    metadata = [sample["metaData"] for sample in samples_of(client)]
    sharpness = np.array([one["sharpness"] for one in metadata], dtype=np.float32)
    yield Digits(client, filenames, labels, vectors, sharpness, scores)
    client.transport.close()


def write_digit(path: Path, pixels: np.ndarray, *, blur: float = 0.0) -> None:
    """A digit of 64 x 64 pixels as a PNG file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.asarray(pixels * (255 / 16), dtype=np.uint8)).resize((64, 64), Image.Resampling.BICUBIC)
    image.filter(ImageFilter.GaussianBlur(blur)).convert("RGB").save(path)


def samples_of(client: ApiWorkflowClient) -> list[dict[str, Any]]:
    """All samples as the platform describes them, in mappings order."""
    listed: list[dict[str, Any]] = client.transport.get(f"/v1/datasets/{client.dataset_id}/samples")
    return listed


def module(page: "Page", path: str) -> str:
    """The address of a module of the web app."""
    base: str = page.evaluate("document.querySelector('script[type=module]').src")
    return base.removesuffix("app.js") + path


def call(page: "Page", path: str, expression: str, argument: Any = None) -> Any:
    """Evaluate an expression of a module ``m`` and an argument ``a`` in the page."""
    script = "async ([path, a]) => { const m = await import(path); return EXPRESSION; }".replace(
        "EXPRESSION", expression
    )
    return page.evaluate(script, json.loads(json.dumps([module(page, path), argument])))

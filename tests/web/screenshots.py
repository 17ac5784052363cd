"""Pictures of the web app's main pages, as the README shows them.

    lightly-ray magic input_dir=clothing/train new_dataset_name=clothing output_dir=out
    python tests/web/screenshots.py data_dir=out/platform dataset=clothing output=pictures

Adds, where they are missing: labels (the first folder of each file name), scores of a classifier that has seen 100 of
them, and a few tags. Each page is taken in both themes and in each width.
"""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright
from pydantic import Field
from sklearn.linear_model import LogisticRegression

from lightly_ray.active_learning.config import SamplerConfig
from lightly_ray.active_learning.scorers import ScorerClassification
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.api.api_workflow_upload_embeddings import (
    LabelledEmbeddings,
    read_embeddings_csv,
    write_embeddings_csv,
)
from lightly_ray.errors import NotFoundError
from lightly_ray.platform.embedded import EmbeddedPlatform
from lightly_ray.settings import Settings, run

_FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
_PATIENCE = 60_000  # milliseconds


class ScreenshotSettings(Settings):
    """Take pictures of the web app."""

    data_dir: Path = Field(description="folder of a platform with the dataset")
    dataset: str = Field(default="clothing", description="name of the dataset, whose folders are its classes")
    output: Path = Field(default=Path("pictures"), description="folder for the pictures")
    widths: str = Field(default="1440", description="of the windows in pixels, with commas between them")
    themes: str = Field(default="light,dark", description="light, dark or both")


def take(settings: ScreenshotSettings) -> dict[str, Any]:
    """Take them all."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise NotFoundError("there is no chromium on this machine")
    settings.output.mkdir(parents=True, exist_ok=True)
    with EmbeddedPlatform(settings.data_dir) as platform, sync_playwright() as playwright:
        client = ApiWorkflowClient(platform.token, server=platform.url, show_progress=False)
        client.set_dataset_id_by_name(settings.dataset)
        _prepare(client, settings.output)
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        for width in settings.widths.split(","):
            for theme in settings.themes.split(","):
                _pictures(browser, platform, client, settings.output / f"{theme}-{width}")
        browser.close()
    return {"pictures": sorted(str(path) for path in settings.output.rglob("*.jpg"))}


def _prepare(client: ApiWorkflowClient, folder: Path) -> None:
    names = client.get_filenames()
    labels = [name.split("/")[0] for name in names]
    path = folder / "embeddings.csv"
    client.download_embeddings_csv(path)
    table = read_embeddings_csv(path)
    if set(table.labels) == {"0"}:
        at = dict(zip(names, labels, strict=True))
        vectors = table.embeddings.astype(np.float32)
        write_embeddings_csv(path, LabelledEmbeddings(table.filenames, vectors, [at[name] for name in table.filenames]))
        client.upload_embeddings(path, name="EfficientNet-Lite1")
    path.unlink()
    first = client.get_all_tags()[0].id
    if "uncertainty_margin" not in client.get_score_types(first):
        seen = np.random.default_rng(0).choice(len(names), 100, replace=False)
        by_name = dict(zip(table.filenames, table.embeddings, strict=True))
        vectors = np.stack([by_name[name] for name in names])
        model = LogisticRegression(max_iter=1000).fit(vectors[seen], np.array(labels)[seen])
        client.upload_scores(ScorerClassification(model.predict_proba(vectors)).calculate_scores(), first)
    made = {tag.name for tag in client.get_all_tags()}
    if "round-1" not in made:
        one = client.selection(SamplerConfig(n_samples=100, method="coreset", name="round-1"))
        client.selection(SamplerConfig(n_samples=200, method="coral", name="round-2"), preselected_tag_id=one.id)


def _pictures(browser: Browser, platform: EmbeddedPlatform, client: ApiWorkflowClient, folder: Path) -> None:
    theme, width = folder.name.split("-")
    folder.mkdir(exist_ok=True)
    scheme: Any = theme
    context = browser.new_context(
        viewport={"width": int(width), "height": int(width) * 5 // 8}, color_scheme=scheme, base_url=platform.url
    )
    context.set_default_timeout(_PATIENCE)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Token of this server").wait_for()
    _save(page, folder / "sign-in.jpg")
    page.request.post("/app/session", data={"token": platform.token}, headers={"x-lightly-ray": "app"})
    here = f"/#/datasets/{client.dataset_id}"
    tags = {tag.name: tag.id for tag in client.get_all_tags()}
    for name, address in {
        "datasets": "/#/datasets",
        "samples": f"{here}?not={tags['round-1']}&sort=-metadata:sharpness",
        "sample": f"{here}?open=40&sort=-metadata:sharpness",
        "tags": f"{here}/tags?tag={tags['round-2']}",
        "select": f"{here}/select",
        "jobs": f"{here}/jobs",
        "guide": "/#/guide/which_method",
        "tokens": "/#/tokens",
    }.items():
        page.goto("about:blank")
        page.goto(address)
        page.wait_for_load_state("networkidle")
        page.get_by_text("is being computed").wait_for(state="hidden")
        page.wait_for_timeout(1500)
        _save(page, folder / f"{name}.jpg")
    context.close()


def _save(page: Page, path: Path) -> None:
    page.screenshot(path=path, type="jpeg", quality=85)


if __name__ == "__main__":
    run(take, ScreenshotSettings)

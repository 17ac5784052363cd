"""Near duplicates under one tile: at once where they are few, by a job where they are many."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from playwright.sync_api import expect

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.platform.embedded import EmbeddedPlatform
from tests.benchmarks import web_dataset
from tests.web.conftest import PATIENCE, SAMPLES, Digits, sign_in, watch

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MANY = 60_000
_SHOWN = "document.querySelector('sample-grid').state.rows.length"


def groups_of(page: "Page", dataset: str, embedding: str, within: float) -> int:
    """How many groups the server knows."""
    answer = page.request.get(f"/app/datasets/{dataset}/embeddings/{embedding}/groups?within={within}")
    return len(np.unique(np.frombuffer(answer.body(), "<u4")))


def test_near_duplicates__are_one_tile_and_a_chip_says_so(page: "Page", digits: Digits) -> None:
    page.goto(digits.address)
    expect(page.locator(".found")).to_have_text(str(SAMPLES))
    page.get_by_role("button", name="View").click()
    page.get_by_role("menuitem", name="Group near duplicates").click()
    expect(page.locator(".chips")).to_contain_text("duplicates within 0.1 as one")
    embedding = page.request.get(f"/app/datasets/{digits.id}").json()["embeddings"][-1]["id"]
    page.goto(f"{digits.address}?group={embedding}~0.4")
    expect(page.locator(".chips")).to_contain_text("duplicates within 0.4 as one")
    count = groups_of(page, digits.id, embedding, 0.4)
    assert 1 < count < SAMPLES
    assert page.evaluate(_SHOWN) == count
    stacked = page.locator(".tile").filter(has=page.locator(".stack")).first
    size = int(stacked.locator(".stack").inner_text())
    stacked.hover()
    stacked.locator(".mark").click()
    expect(page.locator(".selection-bar")).to_contain_text(f"{size} selected")
    page.get_by_role("button", name="Do not group near duplicates").click()
    expect(page.locator(".tile .stack")).to_have_count(0)
    assert page.evaluate(_SHOWN) == SAMPLES
    page.goto(f"{digits.address}?group={embedding}~3")
    expect(page.locator(".chips")).to_contain_text("within is a distance between vectors of length 1")
    assert page.evaluate(_SHOWN) == SAMPLES


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPlatform]:
    """A platform with more samples than are grouped within a request."""
    folder = tmp_path_factory.mktemp("many")
    web_dataset.main({"data_dir": str(folder), "samples": str(MANY)})
    with EmbeddedPlatform(Path(folder)) as platform:
        yield platform


@pytest.fixture
def opened(chromium: "Browser", many: EmbeddedPlatform) -> Iterator["Page"]:
    """A page of somebody who has signed in there; the test fails if a script does."""
    faults: list[str] = []
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, base_url=many.url)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    watch(page, faults)
    page.goto("/#/datasets")
    sign_in(page, many)
    yield page
    context.close()
    assert not faults


@pytest.mark.full
def test_near_duplicates_of_many__are_found_by_a_job_that_can_be_cancelled(
    opened: "Page", many: EmbeddedPlatform
) -> None:
    page = opened
    client = ApiWorkflowClient(many.token, server=many.url, show_progress=False)
    client.set_dataset_id_by_name(f"made up {MANY}")
    dataset: dict[str, Any] = page.request.get(f"/app/datasets/{client.dataset_id}").json()
    embedding = dataset["embeddings"][0]["id"]
    address = f"/#/datasets/{client.dataset_id}?group={embedding}~"

    # The worker is busy for minutes, so that the job waits until it is cancelled.
    headers = {"x-lightly-ray": "app"}
    points = f"/app/datasets/{client.dataset_id}/embeddings/{embedding}/points?method=TSNE"
    busy = page.request.post(points, headers=headers).json()["job"]
    page.goto(f"{address}0.38")
    expect(page.locator(".chips")).to_contain_text("finding near duplicates: waiting for a free worker")
    expect(page.locator(".tile").first).to_be_visible()
    assert page.evaluate(_SHOWN) == MANY
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.get_by_role("button", name="Cancel grouping near duplicates").click()
    expect(page.locator(".chips .chip")).to_have_count(0)
    page.request.delete(f"/app/jobs/{busy}", headers=headers)
    expect(page.locator(".work")).to_be_empty()
    job, _ = page.request.get(f"/app/jobs?dataset={client.dataset_id}").json()["jobs"]
    assert (job["kind"], job["status"], job["error"]) == ("GROUPING", "FAILED", "the job was cancelled")

    page.goto(f"{address}0.15")
    page.reload()  # whether the job runs or is done: it is the same one
    expect(page.locator(".chips")).to_contain_text("duplicates within 0.15 as one", timeout=10 * PATIENCE)
    assert len(page.request.get(f"/app/jobs?dataset={client.dataset_id}").json()["jobs"]) == 3
    count = groups_of(page, client.dataset_id, embedding, 0.15)
    assert page.evaluate(_SHOWN) == count

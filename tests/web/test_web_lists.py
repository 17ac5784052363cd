"""Lists that read on as a person scrolls: every page of them comes, once, and a fault is tried again."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.platform.embedded import EmbeddedPlatform

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

COUNT = 120  # 50 to a page


@pytest.mark.full
def test_datasets__all_of_them(chromium: "Browser", tmp_path: Path) -> None:
    with EmbeddedPlatform(tmp_path) as platform:
        client = ApiWorkflowClient(platform.token, server=platform.url, show_progress=False)
        for number in range(COUNT):
            client.create_dataset(f"number {number:03}")
        page = chromium.new_context().new_page()
        page.goto(client.web_address().split("&next=")[0])
        rows = page.get_by_role("link", name="number")
        expect(rows.first).to_be_visible()
        faults = iter([True])

        def once_broken(route: "Route") -> None:
            if next(faults, False):
                route.fulfill(status=400, json={"code": "BAD_REQUEST", "message": "not this time"})
            else:
                route.continue_()

        page.route("**/app/datasets?after=*", once_broken)
        page.locator(".status-line").scroll_into_view_if_needed()
        expect(page.get_by_text("not this time")).to_be_visible()
        page.get_by_role("button", name="Try again").click()
        for shown in (100, COUNT):
            page.locator(".status-line").scroll_into_view_if_needed()
            expect(rows).to_have_count(shown)
        named = [row.split("\n")[0] for row in page.locator(".dataset-list > li").all_inner_texts()]
        assert named == [f"number {number:03}" for number in reversed(range(COUNT))]
        page.context.close()
        client.transport.close()

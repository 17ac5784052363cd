"""No page has a serious fault for those who use a screen reader, a keyboard, or need contrast: axe-core finds none."""

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.web.conftest import Digits

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGES = {
    "datasets": "/#/datasets",
    "samples": "/#/datasets/ID?sort=-metadata:sharpness",
    "sample": "/#/datasets/ID?open=3",
    "tags": "/#/datasets/ID/tags",
    "select": "/#/datasets/ID/select",
    "jobs": "/#/datasets/ID/jobs",
    "guide": "/#/guide/which_method",
    "tokens": "/#/tokens",
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_serious(page: "Page", digits: Digits, name: str, theme: str) -> None:
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.goto("about:blank")
    page.goto(PAGES[name].replace("ID", digits.id))
    page.wait_for_load_state("networkidle")
    if name == "samples":
        page.get_by_role("option").first.locator(".mark").click()
        page.get_by_role("application").wait_for()
    found = Axe().run(page).response["violations"]
    serious = [
        f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]
    assert not serious

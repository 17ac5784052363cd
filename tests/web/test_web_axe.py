"""No page has a serious fault for those who use a screen reader, a keyboard, or need contrast: axe-core finds none."""

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.conftest import in_full
from tests.web.conftest import Digits

if TYPE_CHECKING:
    from playwright.sync_api import Page

# The address of each page, and what is there once it is whole.
PAGES = {
    "datasets": ("/#/datasets", ".strip img"),
    "samples": ("/#/datasets/ID?sort=-metadata:sharpness", "embedding-plot .plot-legend button"),
    "sample": ("/#/datasets/ID?open=3", ".near button"),
    "tags": ("/#/datasets/ID/tags", ".strip img"),
    "select": ("/#/datasets/ID/select", ".select-form button[type=submit]"),
    "jobs": ("/#/datasets/ID/jobs", "h1"),
    "guide": ("/#/guide/which_method", "main table"),
    "tokens": ("/#/tokens", "main table, main li, main .row"),
}
OFTEN = ("samples",)


@pytest.mark.parametrize("theme", ["light", in_full("dark")])
@pytest.mark.parametrize("name", [name if name in OFTEN else in_full(name) for name in PAGES])
def test_nothing_serious(page: "Page", digits: Digits, name: str, theme: str) -> None:
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.goto("about:blank")
    address, whole = PAGES[name]
    page.goto(address.replace("ID", digits.id))
    page.locator(whole).first.wait_for(timeout=90_000)  # the first plot waits for its projection
    if name == "samples":
        page.get_by_role("option").first.locator(".mark").click()
    found = Axe().run(page).response["violations"]
    serious = [
        f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]
    assert not serious

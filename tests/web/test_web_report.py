"""The report of a tag, opened from its page: it shows hostile names as text, and may do nothing."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.web.conftest import HOSTILE, Digits, watch

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.mark.full
def test_report__opens_from_the_page_of_a_tag(page: "Page", digits: Digits) -> None:
    chosen = [HOSTILE, *[name for name in digits.names if name != HOSTILE][:30]]
    tag = digits.client.create_tag_from_filenames(chosen, "reported")
    page.goto(f"/#/datasets/{digits.id}/tags?tag={tag.id}")
    faults = list[str]()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Report", exact=True).click()
    report = opened.value
    watch(report, faults)
    expect(report.get_by_role("heading", level=1)).to_have_text(tag.name)
    titles = report.locator(".sheet li").evaluate_all("items => items.map((one) => one.title)")
    assert sorted(titles) == sorted(chosen)
    assert report.locator(".sheet img").count() == len(chosen)
    # Every thumbnail is there, and lies in the page.
    assert report.locator(".sheet img").evaluate_all("images => images.every((one) => one.naturalWidth > 0)")
    assert report.title() == f"{tag.name} – {digits.client.get_dataset_by_id(digits.id).name}"
    assert report.locator("script").count() == 0
    loaded = report.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
    assert [url for url in loaded if not url.startswith("data:")] == []
    assert not faults
    report.close()
    digits.client.delete_tag_by_id(tag.id)


def test_report__not_of_the_tag_of_all_samples(page: "Page", digits: Digits) -> None:
    first = digits.client.get_all_tags()[0]
    page.goto(f"/#/datasets/{digits.id}/tags?tag={first.id}")
    expect(page.get_by_role("heading", level=1)).to_have_text(first.name)
    expect(page.get_by_role("link", name="Report", exact=True)).to_have_count(0)

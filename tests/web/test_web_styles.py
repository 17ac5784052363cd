"""Style sheets of other pages, once they are loaded, change nothing on the page of samples."""

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.web.conftest import SAMPLES, Digits

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Where everything stands, and how large it is, but for what the plot draws by itself.
_BOXES = """() => Object.fromEntries(['.side', '.bar', 'sample-grid', '.right'].map((part) => [
  part,
  [document.querySelector(part), ...document.querySelector(part).querySelectorAll('*')]
    .filter((element) => element.checkVisibility() && !element.closest('svg, .plot-area'))
    .map((element) => {
      const { x, y, width, height } = element.getBoundingClientRect();
      return [element.tagName, element.className, Math.round(x), Math.round(y), Math.round(width), Math.round(height)];
    }),
]))"""
_OTHERS = {
    "#/datasets": "Datasets",
    "#/datasets/ID/tags": "initial-tag",
    "#/datasets/ID/select": "Select",
    "#/datasets/ID/jobs": "Jobs",
    "#/guide/which_method": "Which method",
    "#/tokens": "Tokens",
    "#/users": "Users",
}


def boxes(page: "Page") -> dict[str, list[Any]]:
    """What stands where, once all of it is there."""
    expect(page.locator(".found")).to_have_text(str(SAMPLES))
    expect(page.locator(".side .bars").first).to_be_visible()
    expect(page.locator(".plot-legend .plot-class").first).to_be_visible()
    expect(page.get_by_role("toolbar", name="Tools of the plot")).to_be_visible()
    page.mouse.move(0, 0)
    found: dict[str, list[Any]] = page.evaluate(_BOXES)
    return found


def test_samples__stand_where_they_stood_after_all_other_pages(page: "Page", digits: Digits) -> None:
    page.goto("about:blank")
    page.goto(digits.address)
    before = boxes(page)
    assert page.evaluate("document.querySelector('.side').scrollWidth <= document.querySelector('.side').clientWidth")
    for address, heading in _OTHERS.items():
        page.evaluate("(hash) => { location.hash = hash; }", address.replace("ID", digits.id))
        expect(page.get_by_role("heading", name=heading, exact=True).first).to_be_visible()
    page.evaluate("(hash) => { location.hash = hash; }", digits.address[1:])
    assert boxes(page) == before

"""The page that selects: what a lasso in the plot of a result does."""

from typing import TYPE_CHECKING

import numpy as np
from playwright.sync_api import expect

from tests.web.conftest import PATIENCE, SAMPLES, Digits
from tests.web.test_web_plot import Plot

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_a_lasso__narrows_what_was_chosen_and_opens_it(page: "Page", digits: Digits) -> None:
    page.goto(f"{digits.address}/select")
    plot = Plot(page, digits)
    middle, corner = np.median(plot.pixels, axis=0), plot.pixels.max(axis=0) + 4
    inside = ((plot.pixels > middle) & (plot.pixels < corner)).all(axis=1)
    page.get_by_role("button", name="Rectangle (R)").click()
    plot.drag((middle[0], middle[1]), (corner[0], corner[1]))
    line = page.locator(".lasso-line")
    expect(line).to_contain_text(f"{inside.sum()} of {SAMPLES} samples that may be selected in the lasso")

    page.get_by_label("Method").select_option("CORESET")
    page.get_by_label("How many new ones").fill("20")
    page.get_by_label("Name of the new tag").fill("twenty")
    page.get_by_role("button", name="Select 20 samples").click()
    result = page.locator(".select-result")
    expect(result.get_by_role("heading", name="twenty", exact=True)).to_be_visible(timeout=3 * PATIENCE)
    tag = digits.client.get_tag_by_name("twenty").id
    order: list[int] = page.request.get(f"/app/datasets/{digits.id}/tags/{tag}/order").json()["rows"]
    # Places of those in the lasso, counted among all.
    expected = [str(place) for place, row in enumerate(order, start=1) if inside[row]]
    assert 0 < len(expected) < 20
    expect(line).to_contain_text(f"{len(expected)} of 20 choices in the lasso")
    assert result.locator(".place").all_inner_texts() == expected

    line.get_by_role("button", name="Clear the lasso").click()
    expect(line).to_be_hidden()
    expect(result.locator(".place")).to_have_count(20)
    page.get_by_role("button", name="Rectangle (R)").click()
    plot.drag((middle[0], middle[1]), (corner[0], corner[1]))
    line.get_by_role("link", name="Open these in samples").click()
    expect(page.locator(".found")).to_have_text(f"{len(expected)} of {SAMPLES}")
    expect(page.locator(".chips")).to_contain_text("in twenty")
    expect(page.locator(".chips")).to_contain_text("lasso")
    digits.client.delete_tag_by_name("twenty")


def test_a_lasso__without_choices_says_so(page: "Page", digits: Digits) -> None:
    page.goto(f"{digits.address}/select")
    plot = Plot(page, digits)
    page.get_by_role("button", name="Rectangle (R)").click()
    # A corner where nothing is.
    left, top = plot.box["x"] + plot.box["width"] - 14, plot.box["y"] + plot.box["height"] - 14
    plot.drag((left, top), (left + 8, top + 8))
    line = page.locator(".lasso-line")
    expect(line).to_contain_text(f"0 of {SAMPLES} samples")
    expect(line.get_by_role("link", name="Open these in samples")).to_be_hidden()

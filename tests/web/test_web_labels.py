"""Labels in the browser: a file is imported by hand, its boxes lie over the picture."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.web.conftest import Digits

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


def coco(first: str, second: str) -> str:
    """Two boxes in the first image, none in the second."""
    size = {"width": 64, "height": 64}
    return json.dumps(
        {
            "images": [{"id": 1, "file_name": first, **size}, {"id": 2, "file_name": second, **size}],
            "categories": [{"id": 1, "name": "digit"}, {"id": 2, "name": "hole"}],
            "annotations": [
                {"id": 1, "image_id": 1, "category_id": 1, "bbox": [16, 8, 32, 48]},
                {"id": 2, "image_id": 1, "category_id": 2, "bbox": [24, 16, 8, 8]},
            ],
        }
    )


@pytest.mark.full
def test_labels__imported_by_hand_and_drawn(page: "Page", digits: Digits, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    (tmp_path / "round-1.json").write_text(coco(digits.names[3], digits.names[4]))
    page.goto(digits.address)
    page.get_by_role("button", name="View").click()
    page.get_by_role("menuitem", name="Add images, embeddings or labels…").click()
    page.get_by_label("Import labels…").set_input_files(tmp_path / "round-1.json")
    dialog = page.get_by_role("dialog", name="Import labels of round-1.json")
    expect(dialog.get_by_label("Source")).to_have_value("round-1")
    dialog.get_by_role("button", name="Import").click()
    try:
        expect(page.get_by_role("status").filter(has_text="Labels of round-1")).to_contain_text("2 samples")
        page.goto(f"{digits.address}?open=3")
        viewer = page.get_by_role("dialog", name="Sample")
        expect(viewer).to_contain_text("digit, hole")
        _check_boxes(viewer)
    finally:
        digits.client.withdraw_labels("round-1")


def _check_boxes(viewer: "Locator") -> None:
    from playwright.sync_api import expect

    rectangles = viewer.locator("svg.shapes rect")
    expect(rectangles).to_have_count(2)
    picture, first = viewer.locator("img.picture").bounding_box(), rectangles.first.bounding_box()
    assert picture is not None
    assert first is not None
    side = min(picture["width"], picture["height"])
    assert first["x"] == pytest.approx(picture["x"] + (picture["width"] - side) / 2 + side / 4, abs=4)
    assert first["y"] == pytest.approx(picture["y"] + (picture["height"] - side) / 2 + side / 8, abs=4)
    assert first["width"] == pytest.approx(side / 2, abs=6)
    colours = [rectangles.nth(place).evaluate("it => getComputedStyle(it).stroke") for place in range(2)]
    assert colours[0] != colours[1]

"""What the model predicts of an image, over it and beside it."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from lightly_ray.api import ApiWorkflowClient
from tests.evaluation.tables import detected

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.mark.full
def test_predicted_boxes_lie_where_they_were_predicted(page: "Page", uploaded: ApiWorkflowClient) -> None:
    names = uploaded.get_filenames()
    cat, dog = [0.25, 0.125, 0.75, 0.5], [0.0, 0.5, 0.5, 1.0]
    found = detected({names[0]: [(1, 0.5, dog), (0, 0.875, cat)], names[1]: []}, ["<cat>", "dog"])
    uploaded.upload_predictions("detection", found, "round-1")
    page.goto(f"/#/datasets/{uploaded.dataset_id}/samples")
    page.get_by_role("option").first.click()
    dialog = page.get_by_role("dialog", name="Sample")
    expect(dialog.get_by_role("heading", name="Predicted by round-1")).to_be_visible()
    boxes = dialog.locator(".shapes rect.predicted")
    expect(dialog.locator(".shapes text")).to_have_text(["dog 0.50", "<cat> 0.88"])  # the likeliest is drawn last
    colours = boxes.evaluate_all("all => all.map((one) => getComputedStyle(one).stroke)")
    assert len(set(colours)) == 2
    # Images are 23 x 17 pixels, fitted into the stage: the box is where it is on the picture.
    stage, drawn = dialog.locator(".stage").bounding_box(), boxes.last.bounding_box()
    assert stage is not None
    assert drawn is not None
    scale = min(stage["width"] / 23, stage["height"] / 17)
    left = stage["x"] + (stage["width"] - 23 * scale) / 2
    top = stage["y"] + (stage["height"] - 17 * scale) / 2
    assert drawn["x"] == pytest.approx(left + 0.25 * 23 * scale, abs=3)
    assert drawn["y"] == pytest.approx(top + 0.125 * 17 * scale, abs=3)
    assert drawn["width"] == pytest.approx(0.5 * 23 * scale, abs=6)
    # The next one has none, and those of the one before are gone.
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("heading").first).to_have_text(names[1])
    expect(boxes).to_have_count(0)
    expect(dialog.get_by_role("heading", name="Predicted by round-1")).to_have_count(0)

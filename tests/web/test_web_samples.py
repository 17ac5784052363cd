"""Looking at samples, filtering, selecting, making a tag: in a real browser, as a person does it."""

from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.web.conftest import HOSTILE, SAMPLES, Digits

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


@pytest.fixture
def opened(page: "Page", digits: Digits) -> "Page":
    """The samples of the digits."""
    page.goto(digits.address)
    expect(page.get_by_role("option").first).to_be_visible()
    expect(page.get_by_role("group", name="Tags").get_by_role("button", name="initial-tag").first).to_be_visible()
    return page


def found(page: "Page") -> "Locator":
    return page.locator(".found")


def shown(page: "Page") -> list[str]:
    """File names of the tiles, from the first place on."""
    names: list[str | None] = [None]
    while None in names:  # tiles that are not read yet; the test ends before this does not
        expect(page.locator(".tile:not([aria-label])")).to_have_count(0)
        names = page.get_by_role("option").evaluate_all(
            """tiles => tiles.toSorted((a, b) => a.ariaPosInSet - b.ariaPosInSet).map((tile) => tile.ariaLabel)"""
        )
    return [name for name in names if name is not None]


def slide(page: "Page", label: str, share: float) -> None:
    """Move an end of a range, as a person does by keys: the browser tells input and change."""
    page.get_by_label(label, exact=True).evaluate(
        """(slider, share) => {
          slider.value = share * slider.max;
          for (const name of ["input", "change"]) slider.dispatchEvent(new Event(name));
        }""",
        share,
    )


def test_the_grid_shows_the_samples_in_their_order(opened: "Page", digits: Digits) -> None:
    expect(found(opened)).to_have_text(str(SAMPLES))
    names = shown(opened)
    assert names == digits.names[: len(names)]
    assert len(names) > 20
    # Every picture is there and has pixels.
    expect(opened.locator(".tile .fault")).to_have_count(0)
    opened.evaluate("Promise.all([...document.querySelectorAll('.tile img')].map((it) => it.decode()))")


def test_a_file_name_is_text(opened: "Page", digits: Digits) -> None:
    opened.get_by_label("File name has").fill("onerror")
    expect(found(opened)).to_have_text(f"1 of {SAMPLES}")
    expect(opened.get_by_role("option")).to_have_attribute("aria-label", HOSTILE)
    opened.get_by_role("option").click()
    expect(opened.get_by_role("dialog").get_by_role("heading").first).to_have_text(HOSTILE)
    assert "hacked" not in opened.title()


def test_the_sharp_half_becomes_a_tag(opened: "Page", digits: Digits) -> None:
    slide(opened, "sharpness from", 0.5)
    low = float(digits.sharpness.min() + (digits.sharpness.max() - digits.sharpness.min()) * 0.5)
    sharp = digits.sharpness >= np.float32(float(f"{low:.5g}"))
    expect(found(opened)).to_have_text(f"{sharp.sum()} of {SAMPLES}")
    opened.get_by_role("button", name="Create tag…").click()
    dialog = opened.get_by_role("dialog")
    expect(dialog).to_contain_text(f"All {sharp.sum()} samples that match the filters.")
    dialog.get_by_label("Name").fill("sharp half")
    dialog.get_by_role("button", name="Create tag").click()
    expect(opened.get_by_role("status").filter(has_text=f"sharp half holds {sharp.sum()} samples.")).to_be_visible()
    made = digits.client.get_filenames_in_tag(digits.client.get_tag_by_name("sharp half"))
    assert made == [name for name, keep in zip(digits.names, sharp, strict=True) if keep]
    # Ctrl+Z takes it back.
    opened.keyboard.press("Control+z")
    expect(opened.get_by_role("group", name="Tags")).not_to_contain_text("sharp half")
    assert "sharp half" not in {tag.name for tag in digits.client.get_all_tags()}


@pytest.mark.full
def test_sorted_by_a_score_each_tile_has_its_value(opened: "Page", digits: Digits) -> None:
    opened.get_by_role("button", name="sort", exact=True).click()
    opened.get_by_role("menuitem", name="uncertainty_margin").click()
    order = np.argsort(-digits.scores.astype(np.float32), kind="stable")
    first = opened.get_by_role("option").first
    expect(first).to_have_attribute("aria-label", digits.names[order[0]])
    names = shown(opened)
    assert names == [digits.names[row] for row in order[: len(names)]]
    expect(first.locator(".value")).to_have_text(f"{digits.scores[order[0]]:.2f}")


@pytest.mark.full
def test_reload_and_back_find_everything_as_it_was(opened: "Page", digits: Digits) -> None:
    opened.locator("button[data-key^='label:'][data-value='3']").click()
    threes = [name for name, label in zip(digits.names, digits.labels, strict=True) if label == 3]
    expect(found(opened)).to_have_text(f"{len(threes)} of {SAMPLES}")
    opened.keyboard.press("Escape")
    opened.get_by_role("option").nth(1).locator(".mark").click()
    opened.get_by_role("option").nth(2).locator(".mark").click()
    expect(opened.get_by_role("toolbar", name="Selection")).to_contain_text("2 selected")
    opened.reload()
    expect(found(opened)).to_have_text(f"{len(threes)} of {SAMPLES}")
    expect(opened.get_by_role("toolbar", name="Selection")).to_contain_text("2 selected")
    assert shown(opened) == threes
    expect(opened.get_by_role("option", selected=True)).to_have_count(2)
    opened.go_back()
    expect(found(opened)).to_have_text(str(SAMPLES))
    opened.get_by_role("button", name="Clear", exact=True).click()
    expect(opened.get_by_role("toolbar", name="Selection")).to_be_hidden()
    opened.keyboard.press("Control+z")
    expect(opened.get_by_role("toolbar", name="Selection")).to_contain_text("2 selected")


@pytest.mark.full
def test_by_keyboard_alone(opened: "Page", digits: Digits) -> None:
    opened.get_by_role("listbox", name="Samples").focus()
    for key in ("ArrowRight", "ArrowRight", " ", "Shift+ArrowRight", "Shift+ArrowRight"):
        opened.keyboard.press(key)
    expect(opened.get_by_role("toolbar", name="Selection")).to_contain_text("3 selected")
    opened.keyboard.press("t")
    dialog = opened.get_by_role("dialog")
    expect(dialog).to_contain_text("The 3 selected samples.")
    opened.keyboard.type("by keyboard")
    opened.keyboard.press("Enter")
    expect(opened.get_by_role("status").filter(has_text="by keyboard holds 3 samples.")).to_be_visible()
    assert digits.client.get_filenames_in_tag(digits.client.get_tag_by_name("by keyboard")) == digits.names[2:5]
    opened.keyboard.press("Control+z")
    expect(opened.get_by_role("group", name="Tags")).not_to_contain_text("by keyboard")
    opened.get_by_role("listbox", name="Samples").focus()
    opened.keyboard.press("Control+a")
    expect(opened.get_by_role("toolbar", name="Selection")).to_contain_text(f"{SAMPLES} selected")
    opened.keyboard.press("Escape")
    expect(opened.get_by_role("toolbar", name="Selection")).to_be_hidden()


@pytest.mark.full
def test_one_sample_and_the_next(opened: "Page", digits: Digits) -> None:
    opened.get_by_role("option").first.click()
    dialog = opened.get_by_role("dialog", name="Sample")
    expect(dialog.get_by_role("heading").first).to_have_text(digits.names[0])
    expect(dialog).to_contain_text(f"1 of {SAMPLES}")
    # Its nearest neighbour is the nearest one.
    distances = np.linalg.norm(digits.vectors - digits.vectors[0], axis=1)
    distances[0] = np.inf
    nearest = digits.names[int(distances.argmin())]
    expect(dialog.locator(".near button").first).to_have_attribute(
        "title", f"{nearest}, at a distance of {distances.min():.1f}"
    )
    expect(dialog.locator(".facts")).to_contain_text("uncertainty_margin")
    expect(dialog.locator(".facts")).to_contain_text(f"{digits.scores[0]:.2f}")
    opened.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("heading").first).to_have_text(digits.names[1])
    assert "open=1" in opened.url
    opened.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    opened.wait_for_url(lambda url: "open=" not in url)


@pytest.mark.full
def test_what_another_window_made_is_seen(opened: "Page", digits: Digits) -> None:
    digits.client.create_tag_from_filenames(digits.names[:4], "from elsewhere")
    expect(opened.get_by_role("group", name="Tags")).to_contain_text("from elsewhere")
    digits.client.delete_tag_by_name("from elsewhere")
    expect(opened.get_by_role("group", name="Tags")).not_to_contain_text("from elsewhere")


@pytest.mark.full
def test_tags_as_sets(opened: "Page", digits: Digits) -> None:
    client = digits.client
    client.create_tag_from_filenames(digits.names[:10], "first ten")
    client.create_tag_from_filenames(digits.names[5:15], "middle ten")
    tags = opened.get_by_role("group", name="Tags")
    expect(tags).to_contain_text("middle ten")
    tags.get_by_role("button", name="first ten").first.click()
    expect(found(opened)).to_have_text(f"10 of {SAMPLES}")
    tags.get_by_role("button", name="middle ten").first.hover()
    tags.get_by_role("button", name="not in this tag: middle ten").click()
    expect(found(opened)).to_have_text(f"5 of {SAMPLES}")
    assert shown(opened) == digits.names[:5]
    opened.get_by_role("button", name="Clear", exact=True).click()
    for name in ("first ten", "middle ten"):
        tags.get_by_role("button", name=name).first.hover()
        tags.get_by_role("button", name=f"or in this tag: {name}").click()
    expect(found(opened)).to_have_text(f"15 of {SAMPLES}")
    for name in ("middle ten", "first ten"):
        client.delete_tag_by_name(name)

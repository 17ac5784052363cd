"""From a folder of images on a person's disk to a ZIP of the selected ones, all of it in the browser."""

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect
from sklearn.datasets import load_digits

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.api.api_workflow_upload_embeddings import LabelledEmbeddings, write_embeddings_csv
from lightly_ray.platform.embedded import EmbeddedPlatform
from tests.web.conftest import write_digit

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

COUNT = 60


@pytest.mark.full
def test_folder_to_zip(page: "Page", live_platform: EmbeddedPlatform, tmp_path: Path) -> None:
    folder, embeddings = _folder(tmp_path)
    _create(page)
    _upload(page, folder)
    client = ApiWorkflowClient(live_platform.token, server=live_platform.url, show_progress=False)
    client.set_dataset_id_by_name("from a folder")
    names = client.get_filenames()
    assert names == sorted(str(path.relative_to(folder)) for path in folder.rglob("*.png") if path.name != "broken.png")
    _add_embeddings(page, embeddings)
    page.goto(f"/#/datasets/{client.dataset_id}")
    sharp = _sharp_half(page)
    _lasso(page, sharp)
    _select(page, client)
    assert _download(page) == {name: (folder / name).read_bytes() for name in _selected(client)}
    _delete(page)
    client.transport.close()


def _folder(tmp_path: Path) -> tuple[Path, Path]:
    folder, shipped = tmp_path / "photos", load_digits()
    names = [f"{shipped.target[number]}/{number:03}.png" for number in range(COUNT)]
    for number, name in enumerate(names):
        write_digit(folder / name, shipped.images[number], blur=(number % 4) / 2)
    (folder / "broken.png").write_bytes(b"no image")
    (folder / "notes.txt").write_text("no image either")
    embeddings = tmp_path / "pixels.csv"
    labels = [str(label) for label in shipped.target[:COUNT]]
    write_embeddings_csv(embeddings, LabelledEmbeddings(names, shipped.data[:COUNT].astype(np.float32), labels))
    return folder, embeddings


def _create(page: "Page") -> None:
    page.get_by_role("button", name="New dataset…").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("from a folder")
    dialog.get_by_role("button", name="Create").click()


def _upload(page: "Page", folder: Path) -> None:
    dialog = page.get_by_role("dialog", name="Add to from a folder")
    dialog.get_by_label("Choose a folder").set_input_files(folder)
    panel = page.get_by_label("Upload to from a folder")
    expect(panel).to_contain_text(f"{COUNT} ")
    refused = panel.get_by_label("Files that were not accepted")
    expect(refused).to_contain_text("broken.png")
    expect(refused).to_contain_text("notes.txt")
    panel.get_by_role("button", name="Close").click()


def _add_embeddings(page: "Page", embeddings: Path) -> None:
    page.goto("/#/datasets")
    page.get_by_role("button", name="More for from a folder").click()
    page.get_by_role("menuitem", name="Add images, embeddings or labels…").click()
    dialog = page.get_by_role("dialog", name="Add to from a folder")
    dialog.get_by_label("Choose embeddings").set_input_files(embeddings)
    expect(page.get_by_label("Upload to from a folder")).to_contain_text("pixels")
    panel = page.get_by_label("Upload to from a folder")
    expect(panel.get_by_role("progressbar")).to_be_hidden()
    panel.get_by_role("button", name="Close").click()


def _sharp_half(page: "Page") -> int:
    slider = page.get_by_label("sharpness from", exact=True)
    slider.focus()
    sharp = COUNT
    while sharp > COUNT // 2:
        chip = page.locator(".chip", has_text="sharpness")
        before = chip.inner_text() if chip.count() else ""
        page.keyboard.press("PageUp")
        expect(chip).not_to_have_text(before)
        sharp = int(page.locator(".found").inner_text().split()[0])
    return sharp


def _lasso(page: "Page", sharp: int) -> None:
    """Draw round the left half of the plot; what it keeps lies within what was sharp."""
    area = page.get_by_role("application")
    expect(page.get_by_role("toolbar", name="Tools of the plot")).to_be_visible()
    page.get_by_role("button", name="Lasso").click()
    box = area.bounding_box()
    assert box is not None
    corners = [(0.02, 0.02), (0.5, 0.02), (0.5, 0.98), (0.02, 0.98), (0.02, 0.05)]
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()
    expect(page.locator(".chip", has_text="lasso")).to_be_visible()
    expect(page.locator(".found")).to_contain_text(f"of {COUNT}")
    kept = int(page.locator(".found").inner_text().split()[0])
    assert 0 < kept < sharp
    page.get_by_role("button", name="Create tag…").click()
    page.get_by_role("dialog").get_by_label("Name").fill("sharp and left")
    page.get_by_role("dialog").get_by_role("button", name="Create tag").click()
    expect(page.get_by_role("group", name="Tags")).to_contain_text("sharp and left")


def _select(page: "Page", client: ApiWorkflowClient) -> None:
    page.get_by_role("link", name="Select", exact=True).click()
    page.get_by_label("Method").select_option("CORESET")
    page.get_by_label("How many new ones").fill("8")
    page.get_by_label("Name of the new tag").fill("eight")
    page.get_by_role("button", name="Select 8 samples").click()
    result = _result(page)
    expect(result).to_contain_text("8 by CORESET")
    assert client.get_tag_by_name("eight").bit_mask_data != "0x0"


def _result(page: "Page") -> "Locator":
    result = page.locator(".select-result")
    expect(result.get_by_role("heading", name="eight")).to_be_visible()
    return result


def _selected(client: ApiWorkflowClient) -> list[str]:
    return client.get_filenames_in_tag(client.get_tag_by_name("eight"))


def _download(page: "Page") -> dict[str, bytes]:
    _result(page).get_by_role("link", name="Open the tag").click()
    expect(page.get_by_role("heading", name="eight")).to_be_visible()
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as coming:
        page.get_by_role("menuitem", name="Images (.zip)").click()
    with zipfile.ZipFile(io.BytesIO(Path(coming.value.path()).read_bytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _delete(page: "Page") -> None:
    page.goto("/#/datasets")
    more, dialog = page.get_by_role("button", name="More for from a folder"), page.get_by_role("dialog")
    more.press("Enter")
    page.keyboard.press("ArrowUp")  # from the first entry to the last one
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(more).to_be_focused()
    more.click()
    page.get_by_role("menuitem", name="Delete…").click()
    dialog.get_by_role("textbox").fill("from a folder")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="from a folder")).to_have_count(0)

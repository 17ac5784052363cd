"""What goes wrong while a page is open: it is said, no selection is lost, and the page goes on."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Route, expect

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.platform.embedded import EmbeddedPlatform
from tests.web.conftest import SAMPLES, Digits, Window, sign_in, watch

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def _marked(page: "Page") -> None:
    for place in range(3):
        page.get_by_role("option").nth(place).locator(".mark").click()
    expect(page.get_by_role("toolbar", name="Selection")).to_contain_text("3 selected")


def test_a_code_signs_in_once(window: Window, digits: Digits) -> None:
    address = digits.client.web_address(digits.id)
    page = window.page
    page.goto(address)
    expect(page.get_by_role("option").first).to_be_visible()
    page.context.clear_cookies()
    page.goto("about:blank")
    page.goto(address)
    expect(page.get_by_label("Token of this server")).to_be_visible()


@pytest.mark.full
def test_a_session_that_ended_asks_and_goes_on(page: "Page", digits: Digits, live_platform: EmbeddedPlatform) -> None:
    page.goto(digits.address)
    expect(page.get_by_role("option").first).to_be_visible()
    _marked(page)
    page.get_by_role("button", name="Create tag…").click()
    page.get_by_role("dialog", name="Create a tag").get_by_label("Name").fill("after signing in")
    page.context.clear_cookies()
    page.keyboard.press("Enter")
    page.get_by_label("Token of this server").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("dialog", name="Sign in").get_by_role("alert")).to_be_visible()
    page.get_by_label("Token of this server").fill(live_platform.token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("status").filter(has_text="after signing in holds 3 samples.")).to_be_visible()
    digits.client.delete_tag_by_name("after signing in")


@pytest.mark.full
def test_a_refusal_that_comes_late_asks_nobody_again(window: Window, live_platform: EmbeddedPlatform) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    window.page.route("**/app/state*", hold, times=1)
    with window.page.expect_request("**/app/state*"):
        window.page.goto("/#/datasets")
    sign_in(window.page, live_platform)
    with window.page.expect_response(lambda answer: "/app/state" in answer.url and answer.ok):
        held[0].fulfill(status=401, json={"message": "signed out", "code": "UNAUTHORIZED"})
    expect(window.page.get_by_role("dialog", name="Sign in")).to_be_hidden()


@pytest.mark.full
def test_a_server_that_was_away(page: "Page", digits: Digits) -> None:
    page.goto(digits.address)
    expect(page.get_by_role("option").first).to_be_visible()
    _marked(page)
    threes = page.locator("button[data-key^='label:'][data-value='3']")
    expect(threes).to_be_visible()
    page.context.set_offline(True)
    threes.click()
    expect(page.get_by_text("The server cannot be reached.")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("The server cannot be reached.")).to_be_hidden()
    expect(page.locator(".found")).to_have_text(f"{(digits.labels == 3).sum()} of {SAMPLES}")
    expect(page.get_by_role("toolbar", name="Selection")).to_contain_text("3 selected")


@pytest.mark.full
def test_a_dataset_that_was_deleted(page: "Page", live_platform: EmbeddedPlatform, images: Path) -> None:
    client = ApiWorkflowClient(live_platform.token, server=live_platform.url, show_progress=False)
    client.create_new_dataset_with_unique_name("soon gone")
    client.upload_dataset(images, mode="full")
    page.goto(f"/#/datasets/{client.dataset_id}")
    expect(page.get_by_role("option").first).to_be_visible()
    client.delete_dataset_by_id(client.dataset_id)
    expect(page.get_by_role("heading", name="This dataset is gone")).to_be_visible()
    client.transport.close()


@pytest.mark.full
def test_a_broken_image_says_so(page: "Page", live_platform: EmbeddedPlatform, images: Path) -> None:
    client = ApiWorkflowClient(live_platform.token, server=live_platform.url, show_progress=False)
    client.create_new_dataset_with_unique_name("broken")
    client.upload_dataset(images, mode="full")
    sample = client.transport.get(f"/v1/datasets/{client.dataset_id}/samples")[0]
    at = f"/v1/datasets/{client.dataset_id}/samples/{sample['id']}/writeurls"
    for url in client.transport.get(at).values():
        client.transport.upload(url, b"this is no image")
    page.goto(f"/#/datasets/{client.dataset_id}")
    tile = page.get_by_role("option", name=sample["fileName"])
    expect(tile).to_contain_text("cannot be shown")
    expect(page.locator(".tile .fault")).to_have_count(1)
    tile.click()
    expect(page.get_by_role("dialog", name="Sample")).to_contain_text("This image cannot be shown")
    client.delete_dataset_by_id(client.dataset_id)
    client.transport.close()


@pytest.mark.full
def test_two_windows_at_once(page: "Page", digits: Digits) -> None:
    other = page.context.new_page()
    faults: list[str] = []
    watch(other, faults)
    for one in (page, other):
        one.goto(digits.address)
        expect(one.get_by_role("option").first).to_be_visible()
    _marked(page)
    # Selections are each window's own; tags are everybody's.
    expect(other.get_by_role("toolbar", name="Selection")).to_be_hidden()
    page.get_by_role("button", name="Create tag…").click()
    page.get_by_role("dialog").get_by_label("Name").fill("of one window")
    page.get_by_role("dialog").get_by_role("button", name="Create tag").click()
    expect(other.get_by_role("group", name="Tags")).to_contain_text("of one window")
    other.get_by_role("option").nth(5).locator(".mark").click()
    other.get_by_role("button", name="Create tag…").click()
    other.get_by_role("dialog").get_by_label("Name").fill("of one window")
    other.get_by_role("dialog").get_by_role("button", name="Create tag").click()
    expect(other.get_by_role("dialog").get_by_role("alert")).to_contain_text("already a tag named 'of one window'")
    assert not faults
    other.close()
    digits.client.delete_tag_by_name("of one window")


@pytest.mark.full
def test_two_platforms_on_one_host(chromium: "Browser", digits: Digits, tmp_path: Path) -> None:
    with EmbeddedPlatform(tmp_path) as second:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(digits.client.web_address(digits.id))
        expect(page.get_by_role("option").first).to_be_visible()
        client = ApiWorkflowClient(second.token, server=second.url, show_progress=False)
        page.goto(client.web_address())
        expect(page.get_by_role("heading", name="Datasets")).to_be_visible()
        page.goto(f"{digits.client.transport.server}{digits.address}")
        expect(page.get_by_role("option").first).to_be_visible()
        context.close()
        client.transport.close()

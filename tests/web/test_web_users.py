"""Two people at the web app: the second sees nothing of the first until it is shared; tokens, users and changes."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.platform.embedded import EmbeddedPlatform
from tests.web.conftest import watch

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPlatform]:
    """A platform with a dataset of its admin."""
    folder = tmp_path_factory.mktemp("users")
    (folder / "photos").mkdir()
    for number in range(3):
        Image.new("RGB", (32, 32), (60 * number, 90, 30)).save(folder / "photos" / f"{number}.png")
    with EmbeddedPlatform(folder / "data") as platform:
        client = ApiWorkflowClient(platform.token, server=platform.url, show_progress=False)
        client.create_dataset("of the admin")
        client.upload_dataset(folder / "photos")
        client.transport.close()
        yield platform


def _signed_in(chromium: "Browser", platform: EmbeddedPlatform, token: str, faults: list[str]) -> "Page":
    page = chromium.new_context(viewport={"width": 1280, "height": 800}).new_page()
    watch(page, faults)
    page.goto(platform.url)
    page.get_by_label("Token of this server").fill(token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Datasets", exact=True)).to_be_visible()
    return page


def _made(page: "Page") -> str:
    """The token that is shown, once."""
    token = page.get_by_label("Token", exact=True).input_value()
    page.get_by_role("button", name="Done").click()
    return token


def _new_user(admin: "Page", name: str) -> str:
    admin.get_by_role("button", name="Account").click()
    admin.get_by_role("menuitem", name="Users").click()
    admin.get_by_role("button", name="New user…").click()
    admin.get_by_label("Name").fill(name)
    admin.get_by_role("button", name="Create").click()
    _made(admin)
    expect(admin.get_by_role("row", name=f"{name} member")).to_be_visible()
    admin.get_by_role("button", name=f"New token for {name}").click()
    admin.get_by_label("What it is for").fill("from an admin")
    admin.get_by_label("It works for").select_option("a year")
    admin.get_by_role("button", name="Create").click()
    return _made(admin)


def _finds_nothing(ada: "Page") -> None:
    expect(ada.get_by_role("heading", name="There is no dataset yet")).to_be_visible()
    ada.get_by_role("button", name="Account").click()
    expect(ada.get_by_role("menuitem", name="Tokens of ada")).to_be_visible()
    expect(ada.get_by_role("menuitem", name="Users")).to_have_count(0)
    ada.keyboard.press("Escape")


def _shares(admin: "Page", url: str) -> None:
    admin.goto(f"{url}/#/datasets")
    admin.get_by_role("button", name="More for of the admin").click()
    admin.get_by_role("menuitem", name="Share…").click()
    admin.get_by_label("Share with the user").fill("nobody")
    admin.get_by_role("button", name="Share", exact=True).click()
    expect(admin.get_by_text("there is no user named 'nobody'")).to_be_visible()
    admin.get_by_label("Share with the user").fill("ada")
    admin.keyboard.press("Enter")
    expect(admin.get_by_role("row", name="ada")).to_be_visible()


def _may_look(ada: "Page") -> None:
    ada.reload()
    expect(ada.get_by_text("of admin, to look at")).to_be_visible()
    ada.get_by_role("button", name="More for of the admin").click()
    for name in ("Share…", "Delete…", "Add images, embeddings or labels…"):
        expect(ada.get_by_role("menuitem", name=name)).to_have_count(0)
    ada.keyboard.press("Escape")
    ada.get_by_role("link", name="of the admin").first.click()
    expect(ada.locator("main img").first).to_be_visible()
    expect(ada.get_by_role("link", name="Select")).to_have_count(0)
    expect(ada.get_by_role("button", name="Create tag…")).to_have_count(0)


def test_users__see_what_is_theirs(chromium: "Browser", platform: EmbeddedPlatform) -> None:
    faults: list[str] = []
    admin = _signed_in(chromium, platform, platform.token, faults)
    ada = _signed_in(chromium, platform, _new_user(admin, "ada"), faults)
    _finds_nothing(ada)
    ada.goto(f"{platform.url}/#/tokens")
    expect(ada.get_by_role("row", name="from an admin")).to_be_visible()
    expect(ada.get_by_role("row", name="from an admin").get_by_role("cell", name="never")).to_have_count(0)
    ada.goto(f"{platform.url}/#/datasets")
    _shares(admin, platform.url)
    _may_look(ada)
    with admin.expect_response(lambda answer: answer.request.method == "PUT"):
        admin.get_by_label("What ada may do").select_option("may change")
    ada.reload()
    expect(ada.get_by_role("link", name="Select")).to_be_visible()
    admin.get_by_role("button", name="Stop sharing with ada").click()
    expect(admin.get_by_role("row", name="ada")).to_have_count(0)
    ada.reload()
    expect(ada.get_by_role("heading", name="This dataset is gone")).to_be_visible()
    admin.get_by_role("button", name="Done").click()
    admin.goto(f"{platform.url}/#/changes")
    expect(admin.get_by_role("row", name=re.compile("admin create user ada"))).to_have_count(1)
    for page in (admin, ada):
        page.context.close()
    assert not faults


@pytest.mark.full
def test_tokens__ones_own(chromium: "Browser", platform: EmbeddedPlatform) -> None:
    faults: list[str] = []
    page = _signed_in(chromium, platform, platform.token, faults)
    page.goto(f"{platform.url}/#/tokens")
    page.get_by_role("button", name="New token…").click()
    page.get_by_label("What it is for").fill("laptop")
    page.get_by_label("It works for").select_option("30 days")
    page.get_by_role("button", name="Create").click()
    token = _made(page)
    row = page.get_by_role("row", name="laptop")
    expect(row.get_by_role("cell", name="never")).to_have_count(1)  # used; it does expire
    other = _signed_in(chromium, platform, token, faults)
    row.get_by_role("button", name="Revoke laptop").click()
    page.get_by_role("button", name="Revoke", exact=True).click()
    expect(row).to_have_count(0)
    other.reload()
    expect(other.get_by_label("Token of this server")).to_be_visible()
    for one in (page, other):
        one.context.close()
    assert not faults

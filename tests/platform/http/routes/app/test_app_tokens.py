"""Tokens of the web app: made and shown once, listed by name, revoked with all that they have signed in."""

from urllib.parse import quote

import pytest
import requests

from lightly_ray.platform.storage.ids import new_id
from tests.platform.browser import Browser
from tests.platform.served import Api


def works(url: str, token: str) -> bool:
    return requests.get(f"{url}/v1/quota", params={"token": token}, timeout=9).ok


def test_tokens__made_listed_revoked(api: Api, browser: Browser) -> None:
    name = f"<b>lap/top</b> {new_id()}"
    made = browser.post("tokens", {"name": name})
    assert made["name"] == name
    assert works(api.url, made["token"])
    listed = {one["name"]: one for one in browser.get("tokens")}
    assert listed["tests"]["current"]
    assert not listed[name]["current"]
    assert listed[name]["createdAt"] > 1_600_000_000_000
    assert made["token"] not in str(listed)
    other = Browser(api.url)
    other.sign_in(token=made["token"])
    assert [one["name"] for one in other.get("tokens") if one["current"]] == [name]
    path = f"tokens/{quote(name, safe='')}"
    assert browser.send("DELETE", path).status_code == 204
    assert not works(api.url, made["token"])
    assert other.refused("GET", "tokens")[:2] == (401, "UNAUTHORIZED")
    assert browser.refused("DELETE", path)[:2] == (404, "NOT_FOUND")


def test_tokens__name_taken(browser: Browser) -> None:
    status, _, message = browser.refused("POST", "tokens", json={"name": "tests"})
    assert status == 409
    assert "tests" in message


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "a" * 101}, {"name": 7}])
def test_tokens__bad_name(browser: Browser, body: dict[str, object]) -> None:
    assert browser.refused("POST", "tokens", json=body)[:2] == (422, "MALFORMED_REQUEST")

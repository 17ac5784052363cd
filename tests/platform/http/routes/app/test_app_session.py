"""Signing in to the web app: by token and code, what the cookie is, and what opens to whom."""

import re
from pathlib import Path
from typing import Any

import pytest
import requests
from fastapi.routing import APIRoute
from sqlalchemy import update

from lightly_ray.platform.context import Platform
from lightly_ray.platform.http.routes import app as web_app
from lightly_ray.platform.services import tokens, users
from lightly_ray.platform.settings import ServeSettings
from lightly_ray.platform.storage.ids import new_id, now
from lightly_ray.platform.storage.schema import sign_ins
from tests.platform.browser import OWN_PAGE, Browser
from tests.platform.served import Api, serving

COOKIE = re.compile("lightly_ray_session_[0-9a-f]{8}")  # of each platform another one
NOBODY = (401, "UNAUTHORIZED")


@pytest.fixture
def stranger(api: Api) -> Browser:
    return Browser(api.url)


def code_of(api: Api) -> str:
    answer = requests.post(f"{api.url}/app/session/code", headers={"Authorization": f"Bearer {api.token}"}, timeout=9)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["code"])


def guarded() -> list[tuple[str, str]]:
    routes = [route for router in web_app.WITH_SESSION for route in router.routes if isinstance(route, APIRoute)]
    return [(method, route.path) for route in routes for method in route.methods or ()]


def set_cookie(answer: requests.Response) -> dict[str, str]:
    """The attributes of the cookie that an answer sets."""
    pairs = [part.strip().partition("=") for part in answer.headers["set-cookie"].split(";")]
    return {name.lower(): value for name, _, value in pairs}


def test_sign_in__by_token(api: Api, stranger: Browser) -> None:
    assert stranger.refused("GET", "session")[:2] == NOBODY
    assert stranger.sign_in(token=api.token) == "admin"
    assert stranger.get("session") == {"name": "admin", "role": "admin"}
    assert stranger.get("datasets")["datasets"] is not None


def test_sign_in__by_code_once(api: Api, stranger: Browser) -> None:
    code = code_of(api)
    assert stranger.sign_in(code=code) == "admin"
    assert stranger.get("session") == {"name": "admin", "role": "admin"}
    assert Browser(api.url).refused("POST", "session", json={"code": code})[:2] == NOBODY


def test_sign_in__by_code_too_old(api: Api, stranger: Browser, platform: Platform) -> None:
    code = code_of(api)
    with platform.database.write() as db:
        db.execute(update(sign_ins).where(sign_ins.c.kind == "CODE").values(expires_at=now() - 1))
    assert stranger.refused("POST", "session", json={"code": code})[:2] == NOBODY


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"token": "wrong"}, NOBODY),
        ({"token": ""}, NOBODY),
        ({"code": "wrong"}, NOBODY),
        ({"code": "' OR 1=1 --"}, NOBODY),
        ({}, (422, "MALFORMED_REQUEST")),
        ({"token": "a", "code": "b"}, (422, "MALFORMED_REQUEST")),
        ({"token": 7}, (422, "MALFORMED_REQUEST")),
    ],
)
def test_sign_in__refused(stranger: Browser, body: dict[str, Any], expected: tuple[int, str]) -> None:
    answer = stranger.send("POST", "session", json=body)
    assert (answer.status_code, answer.json()["code"]) == expected
    assert "set-cookie" not in answer.headers


def test_sign_in__a_token_is_no_code_and_the_other_way_round(api: Api, stranger: Browser) -> None:
    assert stranger.refused("POST", "session", json={"code": api.token})[:2] == NOBODY
    assert stranger.refused("POST", "session", json={"token": code_of(api)})[:2] == NOBODY


def test_sign_in__again_ends_the_session_before(api: Api, stranger: Browser) -> None:
    stranger.sign_in(token=api.token)
    before = dict(stranger.session.cookies)
    stranger.sign_in(token=api.token)
    after = dict(stranger.session.cookies)
    assert after.keys() == before.keys()
    assert after != before
    assert requests.get(f"{api.url}/app/session", cookies=before, timeout=9).status_code == 401


def test_cookie__no_script_and_no_other_site_gets_it(api: Api, stranger: Browser) -> None:
    cookie = set_cookie(stranger.send("POST", "session", json={"token": api.token}))
    name = next(name for name in cookie if COOKIE.fullmatch(name))
    assert re.fullmatch("[0-9a-f]{48}", cookie.pop(name))
    assert cookie == {"httponly": "", "samesite": "strict", "path": "/app", "max-age": str(30 * 24 * 3600)}


def test_cookie__secure_where_a_proxy_speaks_https(api: Api, stranger: Browser) -> None:
    headers = {"x-forwarded-proto": "https"}
    assert "secure" in set_cookie(stranger.send("POST", "session", json={"token": api.token}, headers=headers))


def test_cookie__where_the_public_address_says(tmp_path: Path) -> None:
    platform = Platform.open(ServeSettings(data_dir=tmp_path, public_url="https://example.org/select/"))
    with platform.database.write() as db:
        token = tokens.create(db, users.admin(db), "mine")
    with serving(platform) as url:
        cookie = set_cookie(Browser(url).send("POST", "session", json={"token": token}))
    platform.database.close()
    assert (cookie["path"], "secure" in cookie) == ("/select/app", True)


def test_sign_out__ends_the_session(api: Api, stranger: Browser) -> None:
    stranger.sign_in(token=api.token)
    session = dict(stranger.session.cookies)
    answer = stranger.send("DELETE", "session")
    assert answer.status_code == 204
    assert set_cookie(answer)["max-age"] == "0"
    assert not stranger.session.cookies
    assert requests.get(f"{api.url}/app/session", cookies=session, timeout=9).status_code == 401
    assert stranger.refused("DELETE", "session")[:2] == NOBODY


def test_session__ends_with_its_token(platform: Platform, stranger: Browser) -> None:
    name = f"revoked-{new_id()}"
    with platform.database.write() as db:
        token = tokens.create(db, users.admin(db), name)
    stranger.sign_in(token=token)
    with platform.database.write() as db:
        tokens.revoke(db, users.admin(db), name)
    assert stranger.refused("GET", "session")[:2] == NOBODY


def test_session__too_old(api: Api, platform: Platform) -> None:
    name = f"old-{new_id()}"
    with platform.database.write() as db:
        token = tokens.create(db, users.admin(db), name)
    visitor = Browser(api.url)
    visitor.sign_in(token=token)
    with platform.database.write() as db:
        mine = sign_ins.c.digest == tokens.digest_of(*visitor.session.cookies.values())
        db.execute(update(sign_ins).where(mine).values(expires_at=now() - 1))
    assert visitor.refused("GET", "datasets")[:2] == NOBODY


def test_code__needs_a_token(api: Api, browser: Browser) -> None:
    url = f"{api.url}/app/session/code"
    assert requests.post(url, timeout=9).status_code == 401
    assert requests.post(url, headers={"Authorization": "Bearer wrong"}, timeout=9).status_code == 401
    assert browser.send("POST", "session/code").status_code == 401


def test_doors__a_cookie_does_not_open_the_protocol(browser: Browser) -> None:
    answer = browser.session.get(f"{browser.url}/v1/datasets", cookies=dict(browser.session.cookies), timeout=9)
    assert (answer.status_code, answer.json()["code"]) == NOBODY


def test_doors__every_route_needs_the_cookie(api: Api, browser: Browser) -> None:
    assert len(guarded()) > 20
    wrong = dict.fromkeys(browser.session.cookies.keys(), "wrong")
    bearer = {"Authorization": f"Bearer {api.token}"}
    for method, path in guarded():
        url = api.url + re.sub(r"\{[\w:]+\}", "0" * 24, path)
        query = {"token": api.token}
        answers = [
            requests.request(method, url, headers=OWN_PAGE, timeout=9),
            requests.request(method, url, headers=OWN_PAGE, cookies=wrong, timeout=9),
            requests.request(method, url, headers=OWN_PAGE | bearer, params=query, timeout=9),
        ]
        assert [(one.status_code, one.json()["code"]) for one in answers] == [NOBODY] * 3, (method, path)


def test_doors__changes_need_the_header_of_our_page(browser: Browser) -> None:
    changing = [one for one in guarded() if one[0] not in {"GET", "HEAD"}]
    assert len(changing) > 8
    for method, path in [*changing, ("POST", "/app/session")]:
        url = browser.url + re.sub(r"\{[\w:]+\}", "0" * 24, path)
        for headers in ({}, {"x-lightly-ray": "other"}):
            answer = browser.session.request(method, url, json={}, headers=headers, timeout=9)
            assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN"), (method, path)


def test_doors__reading_needs_no_header(browser: Browser) -> None:
    assert browser.session.get(f"{browser.url}/app/session", timeout=9).status_code == 200

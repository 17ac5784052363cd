"""What surrounds every route: tokens, errors in the protocol's form, limits, the access log, the API page."""

import logging
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from fastapi.routing import APIRoute

from lightly_ray.api.transport import Transport
from lightly_ray.platform import limits
from lightly_ray.platform.context import Platform
from lightly_ray.platform.http import middleware
from lightly_ray.platform.http.app import create_app
from lightly_ray.platform.storage.store import datasets
from tests.platform.browser import OWN_PAGE
from tests.platform.served import Api

OPEN = [
    "/v1/versions/pip/latest",
    "/v1/versions/pip/minimum",
    "/healthz",
    "/readyz",
    "/",
    "/web/{digest}/{path:path}",
    "/docs",
    "/docs/assets/{name}",
    "/v1/signed/samples/{sample_id}/{kind}",
    "/v1/signed/samples/{sample_id}/{kind}/{name}",
    "/v1/signed/embeddings/{embedding_id}/{kind}",
    "/v1/signed/embeddings/{embedding_id}/csv",
    "/v1/signed/{path:path}",
]


def routes(platform: Platform) -> list[tuple[str, str]]:
    found = []
    for route in create_app(platform).router.routes:
        inner = getattr(route, "original_router", None)
        found += [one for one in (inner.routes if inner is not None else [route]) if isinstance(one, APIRoute)]
    return [(method, route.path) for route in found for method in route.methods or ()]


def test_token__every_other_route_needs_one(api: Api, platform: Platform) -> None:
    # Signing in to the web app has tests of its own.
    asked = [one for one in routes(platform) if one[1] not in OPEN and one != ("POST", "/app/session")]
    assert len(asked) > 40
    for method, path in asked:
        url = api.url + re.sub(r"\{[\w:]+\}", "0" * 24, path)
        for token in ({}, {"token": "wrong"}, {"token": ""}):
            answer = requests.request(method, url, params=token, headers=OWN_PAGE, timeout=9)
            assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED"), (method, path)


def test_token__as_bearer(api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.token}"}
    assert requests.get(f"{api.url}/v1/quota", headers=headers, timeout=9).json() == "100000000"


def test_versions__as_the_client_asks(api: Api) -> None:
    get = requests.get(f"{api.url}/v1/versions/pip/latest", params={"currentVersion": "1.1.7"}, timeout=9)
    assert get.json() == "1.1.7"
    assert requests.get(f"{api.url}/v1/versions/pip/minimum", timeout=9).json() == "1.0.0"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health__without_token(api: Api, path: str) -> None:
    assert requests.get(api.url + path, timeout=9).json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("GET", "/v1/nothing", {}, 404, "NOT_FOUND"),
        ("PATCH", "/v1/datasets", {}, 405, "BAD_REQUEST"),
        ("POST", "/v1/datasets", {"json": {}}, 422, "MALFORMED_REQUEST"),
        ("POST", "/v1/datasets", {"json": [1]}, 422, "MALFORMED_REQUEST"),
        ("POST", "/v1/datasets", {"data": "{"}, 422, "MALFORMED_REQUEST"),
        ("GET", "/v1/datasets", {"params": {"pageSize": "many"}}, 422, "MALFORMED_REQUEST"),
        ("GET", "/v1/datasets/%00", {}, None, None),
        ("GET", "/v1/datasets/..%2f..%2fetc", {}, 404, None),
    ],
)
def test_errors__are_code_and_message(
    api: Api, method: str, path: str, options: dict[str, object], status: int | None, code: str | None
) -> None:
    got = api.refused(method, path, **options)
    assert status is None or got[0] == status
    assert got[0] < 500
    assert code is None or got[1] == code


def test_bug__answers_500_without_its_text(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def _bug(*_: object, **__: object) -> None:
        raise ValueError("a secret of the server")

    monkeypatch.setattr(datasets, "listing", _bug)
    answer = api.send("GET", "/v1/datasets")
    assert answer.status_code == 500
    assert set(answer.json()) == {"code", "message"}
    assert "secret" not in answer.text
    request_id = answer.headers["x-request-id"]
    assert request_id in answer.json()["message"]
    [logged] = [record for record in caplog.records if record.exc_info]
    assert request_id in logged.getMessage()


def test_body__too_large_is_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "body_limit", lambda *_: 1000)
    for data in (b"x" * 1001, iter([b"x" * 600, b"x" * 600])):  # announced, and in pieces
        status, _, message = api.refused(
            "POST", "/v1/datasets", data=data, headers={"content-type": "application/json"}
        )
        assert status == 413
        assert "1000 bytes" in message


@pytest.mark.parametrize(
    ("method", "path", "limit"),
    [
        ("PUT", "/v1/signed/embeddings/1/csv", 64 * 2**30),
        ("PUT", "/v1/signed/samples/1/full", 256 * 2**20),
        ("POST", "/v1/datasets/1/samples/batch", 64 * 2**20),
        ("POST", "/v1/datasets/1/tags/2/scores", 2**30),
        ("PUT", "/v1/datasets/1/predictions/round-1", 2**30),
        ("PUT", "/v1/datasets/1/labels", 2**30),
        ("PUT", "/app/datasets/1/labels", 2**30),
        ("POST", "/v1/datasets", 64 * 2**20),
        ("POST", "/app/datasets/1/images", 256 * 2**20),
        ("PUT", "/app/datasets/1/embeddings", 64 * 2**30),
        ("POST", "/app/datasets/1/tags", 64 * 2**20),
        ("POST", "/v1/datasets/1/images", 64 * 2**20),
    ],
)
def test_body__limits(method: str, path: str, limit: int) -> None:
    assert middleware.body_limit(method, path) == limit


def test_access_log__has_no_token(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    api.get("/v1/datasets")
    api.refused("GET", "/v1/nothing")
    # The client of this test logs what it asks for; the server runs in the same process.
    lines = [record.getMessage() for record in caplog.records if not record.name.startswith("urllib3")]
    assert any("/v1/datasets" in line for line in lines)
    assert not [line for line in lines if "token" in line or api.token in line]


def test_docs__assets_are_our_own(api: Api) -> None:
    page = requests.get(f"{api.url}/docs", timeout=9)
    assert "default-src 'self'" in page.headers["content-security-policy"]
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert not [link for link in links if "//" in link]
    for link in links:
        if not link.startswith("data:"):
            assert requests.get(f"{api.url}/{link}", timeout=9).ok, link
    assert requests.get(f"{api.url}/docs/assets/..%2fdocs.py", timeout=9).status_code == 404


def test_openapi__describes_every_route(api: Api) -> None:
    paths = api.get("/openapi.json")["paths"]
    assert len(paths) > 35
    assert not [path for path in paths if not path.startswith(("/v1/", "/healthz", "/readyz", "/metrics"))]
    assert all(operation.get("description") for path in paths.values() for operation in path.values())


def test_load__beyond_the_limit_nothing_is_done_and_it_recovers_by_itself(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "REQUESTS", 2)
    path = f"{api.dataset().path}/samples"
    names = [f"{number}.png" for number in range(24)]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda name: api.send("POST", path, json={"fileName": name}), names))
    done = [name for name, answer in zip(names, answers, strict=True) if answer.ok]
    refused = [answer for answer in answers if not answer.ok]
    assert {(one.status_code, one.json()["code"], one.headers["retry-after"]) for one in refused} == {
        (429, "TOO_MANY_REQUESTS", "1")
    }
    assert sorted(one["fileName"] for one in api.get(path)) == sorted(done)
    monkeypatch.setattr(limits, "REQUESTS", 0)
    assert requests.get(f"{api.url}/healthz", timeout=9).ok
    # Our client gets through: it asks again.
    monkeypatch.setattr(limits, "REQUESTS", 3)
    sender, more = Transport(api.url, api.token), [f"again-{number}.png" for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda name: sender.post(path, {"fileName": name}), more))
    sender.close()
    assert {one["fileName"] for one in api.get(path)} == {*done, *more}

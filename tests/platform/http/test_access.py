"""What one user has, no other reads, guesses or changes: tried on every route, so a new one is tried by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
import requests
from fastapi.routing import APIRoute

from lightly_ray.platform.context import Platform
from lightly_ray.platform.http.app import WITH_TOKEN
from lightly_ray.platform.http.routes.app import WITH_SESSION
from lightly_ray.platform.storage.ids import new_id
from tests.platform.browser import Browser
from tests.platform.conftest import NewDatabase
from tests.platform.served import Api, Dataset, member, opened, over_http

NOWHERE = "0" * 24
OTHER = {"row": "0", "form": "filenames", "user": "admin", "name": "model"}
OTHER |= {"evaluation_id": NOWHERE, "projection_id": NOWHERE}


class Route(NamedTuple):
    """A route that is about a dataset or a job."""

    method: str
    path: str
    by: str


def _routes() -> Iterator[Route]:
    for by, routers in (("token", WITH_TOKEN), ("session", WITH_SESSION)):
        for router in routers:
            for route in router.routes:
                assert isinstance(route, APIRoute)
                for method in route.methods or ():
                    yield Route(method, route.path, by)


ROUTES = sorted({it for it in _routes() if "{dataset_id}" in it.path or "{job_id}" in it.path})


@dataclass
class Person:
    """A user at a client and at a browser."""

    name: str
    api: Api
    browser: Browser

    def ask(self, route: Route, ids: dict[str, str], **options: Any) -> requests.Response:
        path = route.path
        path = path.replace(":path}", "}")
        for name, value in (OTHER | ids).items():
            path = path.replace(f"{{{name}}}", value)
        assert "{" not in path, path
        if route.by == "session":
            return self.browser.send(route.method, path.removeprefix("/app/"), **options)
        return self.api.send(route.method, path, **options)


@pytest.fixture(scope="module")
def platform(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One of its own: no worker of other tests takes the jobs, which are to stay as they are."""
    with opened(tmp_path_factory.mktemp("shared"), new_database()) as platform:
        yield platform


@pytest.fixture(scope="module")
def api(platform: Platform) -> Iterator[Api]:
    """That platform over HTTP."""
    with over_http(platform) as api:
        yield api


@pytest.fixture
def person(platform: Platform, api: Api) -> Any:
    """Makes a member."""

    def _make() -> Person:
        name, own = member(platform, api.url)
        browser = Browser(api.url)
        assert browser.sign_in(token=own.token) == name
        return Person(name, own, browser)

    return _make


def _state(dataset: Dataset, ids: dict[str, str]) -> Any:
    job = dataset.api.get(f"/v1/jobs/{ids['job_id']}")
    return dataset.api.get(dataset.path), dataset.tags(), dataset.names(), job


def test_stranger__finds_nothing_and_changes_nothing(person: Any) -> None:
    ada, bob = person(), person()
    dataset = ada.api.dataset(3)
    ids, own = dataset.one_of_each(), bob.api.dataset(3).one_of_each()
    unknown = dict.fromkeys(ids, NOWHERE)
    before = _state(dataset, ids)
    assert len(ROUTES) > 90
    for route in ROUTES:
        found, not_there = bob.ask(route, ids), bob.ask(route, unknown)
        assert found.status_code == not_there.status_code == 404, f"{route}: {found.text}, {not_there.text}"
        said = found.text
        for value in ids.values():
            said = said.replace(value, NOWHERE)
        assert said == not_there.text, route
        # By the way of a dataset of their own.
        mixed = {**ids, "dataset_id": own["dataset_id"]}
        if "{dataset_id}" in route.path and route.method in {"GET", "DELETE"} and route.path.count("_id}") > 1:
            assert bob.ask(route, mixed).status_code == 404, route
    assert _state(dataset, ids) == before
    assert bob.api.get("/v1/datasets", shared=True) == []
    assert [one["id"] for one in bob.api.get("/v1/datasets")] == [own["dataset_id"]]
    assert {one["id"] for one in bob.api.get("/v1/jobs")} == {own["job_id"]}
    assert {one["id"] for one in bob.browser.get("jobs")["jobs"]} == {own["job_id"]}
    assert [one["id"] for one in bob.browser.get("datasets")["datasets"]] == [own["dataset_id"]]
    state = bob.browser.get("state", dataset=dataset.id)
    assert state["version"] is None
    assert {one["id"] for one in state["jobs"]} == {own["job_id"]}


def test_names__are_free_for_everybody(person: Any) -> None:
    ada, bob = person(), person()
    name = f"same-{new_id()}"
    made = [one.api.post("/v1/datasets", {"name": name})["id"] for one in (ada, bob)]
    found = [[it["id"] for it in one.api.get(f"/v1/datasets/query/name/{name}")] for one in (ada, bob)]
    assert found == [[one] for one in made]
    assert ada.api.refused("POST", "/v1/datasets", json={"name": name})[:2] == (409, "DATASET_NAME_EXISTS")


def test_shared__to_be_read(person: Any) -> None:
    ada, bob = person(), person()
    dataset = ada.api.dataset(3)
    ids = dataset.one_of_each()
    before = _state(dataset, ids)
    shared = ada.api.call("PUT", f"{dataset.path}/shares/{bob.name}", json={"writes": False})
    assert (shared["user"], shared["writes"]) == (bob.name, False)
    assert [one["id"] for one in bob.api.get("/v1/datasets", shared=True)] == [dataset.id]
    assert bob.api.get("/v1/datasets") == []
    for route in ROUTES:
        answer, owners = bob.ask(route, ids), None
        asks_to_write = route.method != "GET" or "/write" in route.path.lower() or route.path.endswith("/shares")
        if "arithmetics" in route.path:
            assert answer.status_code == 422, route  # it lacks a body
        elif asks_to_write:
            assert answer.status_code == 403, f"{route}: {answer.text}"
        else:
            owners = ada.ask(route, ids)
            assert answer.status_code == owners.status_code, f"{route}: {answer.text}"
    assert _state(dataset, ids) == before
    initial = dataset.tags()["initial-tag"]["id"]
    question = {"tagId1": initial, "tagId2": ids["tag_id"], "operation": "DIFFERENCE"}
    assert bob.api.post(f"{dataset.path}/tags/arithmetics/bitmask", question) == {"bitMaskData": "0x2"}
    named = {**question, "newTagName": "mine"}
    assert bob.api.refused("POST", f"{dataset.path}/tags/arithmetics", json=named)[:2] == (403, "FORBIDDEN")


def test_shared__to_be_changed(person: Any) -> None:
    ada, bob = person(), person()
    dataset = ada.api.dataset(3)
    ada.api.call("PUT", f"{dataset.path}/shares/{bob.name}", json={"writes": True})
    seen = Dataset(bob.api, dataset.id)
    assert seen.tag("by bob", [1]) in {one["id"] for one in dataset.tags().values()}
    assert bob.api.refused("DELETE", seen.path)[0] == 403
    assert bob.api.refused("PUT", f"{seen.path}/shares/{bob.name}", json={"writes": True})[0] == 403
    assert bob.browser.refused("DELETE", f"datasets/{dataset.id}")[0] == 403
    whole = bob.browser.get(f"datasets/{dataset.id}")
    assert (whole["owner"], whole["owns"], whole["writes"]) == (ada.name, False, True)
    ada.api.send("DELETE", f"{dataset.path}/shares/{bob.name}")
    assert bob.api.refused("GET", seen.path)[:2] == (404, "DATASET_UNKNOWN")
    assert ada.api.get(f"{dataset.path}/shares") == []


def test_share__with_whom(person: Any) -> None:
    ada = person()
    dataset = ada.api.dataset()
    shares = f"{dataset.path}/shares"
    assert ada.api.refused("PUT", f"{shares}/nobody", json={})[0] == 404
    assert ada.api.refused("PUT", f"{shares}/{ada.name}", json={})[0] == 422
    assert ada.api.refused("DELETE", f"{shares}/admin")[0] == 404
    ada.api.call("PUT", f"{shares}/admin", json={})
    ada.api.call("PUT", f"{shares}/admin", json={"writes": True})
    assert [(one["user"], one["writes"]) for one in ada.api.get(shares)] == [("admin", True)]


def test_upload_url__is_for_whoever_may_still_write(person: Any) -> None:
    ada, bob = person(), person()
    dataset = ada.api.dataset(1)
    ada.api.call("PUT", f"{dataset.path}/shares/{bob.name}", json={"writes": True})
    url = bob.api.get(f"{dataset.path}/embeddings/writeCSVUrl", name="default")["signedWriteUrl"]
    text = "filenames,embedding_0,labels\r\nb-00.png,1.0,0\r\n"
    assert requests.put(url.replace("by=", "by=0"), data=text, timeout=60).status_code == 403  # signed for bob alone
    ada.api.call("PUT", f"{dataset.path}/shares/{bob.name}", json={"writes": False})
    assert requests.put(url, data=text, timeout=60).status_code == 403
    ada.api.send("DELETE", f"{dataset.path}/shares/{bob.name}")
    assert requests.put(url, data=text, timeout=60).status_code == 404
    ada.api.call("PUT", f"{dataset.path}/shares/{bob.name}", json={"writes": True})
    assert requests.put(url, data=text, timeout=60).status_code == 200


def test_admin__opens_everything_and_lists_their_own(person: Any, api: Api) -> None:
    ada = person()
    dataset = ada.api.dataset(1)
    assert Dataset(api, dataset.id).names() == ["b-00.png"]
    assert dataset.id not in {one["id"] for flag in (True, False) for one in api.get("/v1/datasets", shared=flag)}
    api.call("DELETE", dataset.path)
    assert ada.api.refused("GET", dataset.path)[0] == 404

"""Who changed what and when: in the transaction that changes it, for those whom it concerns."""

from typing import Any

import pytest
from sqlalchemy import select

from lightly_ray.platform.context import Platform
from lightly_ray.platform.jobs.worker import Worker
from lightly_ray.platform.services import users
from lightly_ray.platform.storage.audit import Acting, acting
from lightly_ray.platform.storage.ids import new_id, now
from lightly_ray.platform.storage.schema import audit
from lightly_ray.platform.storage.store import datasets
from tests.platform.served import Api, body, ended, member


def _said(lines: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(line["action"], line["subject"]) for line in reversed(lines)]


def test_audit__says_who_did_what_and_when(platform: Platform, api: Api) -> None:
    name, ada = member(platform, api.url)
    before = now()
    dataset = ada.dataset(3)
    tag = dataset.tag("some", [0])
    ada.call("DELETE", f"{dataset.path}/tags/{tag}")
    lines = ada.get("/v1/audit")
    assert {(line["user"], line["token"], line["datasetId"]) for line in lines} == {(name, "laptop", dataset.id)}
    assert all(before <= line["at"] <= line["lastAt"] <= now() for line in lines)
    assert _said(lines) == [
        ("create dataset", ""),
        ("put batch", ""),
        ("create initial tag", "initial-tag"),
        ("create tag", "some"),
        ("delete tag", "some"),
    ]
    # What was only looked at is no change; what failed is none either.
    ada.get(dataset.path)
    ada.send("POST", f"{dataset.path}/tags", json={})
    assert ada.get("/v1/audit") == lines


def test_audit__the_same_again_is_counted(platform: Platform, api: Api) -> None:
    _, ada = member(platform, api.url)
    dataset = ada.dataset()
    for number in range(5):
        ada.post(f"{dataset.path}/samples", {"fileName": f"{number}.png"})
    lines = [line for line in ada.get("/v1/audit") if line["action"] == "create sample"]
    assert sum(line["count"] for line in lines) == 5
    assert len(lines) <= 2  # a minute may have begun meanwhile


def test_audit__is_of_the_transaction(platform: Platform) -> None:
    who = f"user-{new_id()}"

    def _fail() -> None:
        with acting(Acting(who, "create dataset")), platform.database.write() as db:
            datasets.create(db, users.admin(db).id, f"half-{new_id()}")
            raise KeyError

    with pytest.raises(KeyError):
        _fail()
    with platform.database.read() as db:
        assert db.execute(select(audit).where(audit.c.user_name == who)).all() == []
    with acting(Acting(who, "create dataset")), platform.database.write():
        pass
    with platform.database.read() as db:
        assert len(db.execute(select(audit).where(audit.c.user_name == who)).all()) == 1


def test_audit__for_whom(platform: Platform, api: Api) -> None:
    (ada_name, ada), (bob_name, bob) = member(platform, api.url), member(platform, api.url)
    dataset = ada.dataset(1)
    ada.call("PUT", f"{dataset.path}/shares/{bob_name}", json={"writes": True})
    bob.post(f"{dataset.path}/samples", {"fileName": "by-bob.png"})
    assert ("create sample", "") in _said(ada.get("/v1/audit"))
    assert _said(bob.get("/v1/audit")) == [("create sample", "")]
    of_dataset = api.get("/v1/audit", datasetId=dataset.id)
    assert {line["user"] for line in of_dataset} == {ada_name, bob_name}
    assert ("share dataset", bob_name) in _said(of_dataset)
    page = api.get("/v1/audit", datasetId=dataset.id, pageSize=2)
    rest = api.get("/v1/audit", datasetId=dataset.id, before=page[-1]["id"])
    assert page + rest == of_dataset
    # It outlives the dataset.
    ada.call("DELETE", dataset.path)
    assert ("delete dataset", "") in _said(ada.get("/v1/audit"))


def test_audit__users_and_tokens(platform: Platform, api: Api) -> None:
    name, ada = member(platform, api.url)
    other = f"user-{new_id()}"
    assert ada.refused("POST", "/v1/users", json={"name": other})[:2] == (403, "FORBIDDEN")
    assert ada.refused("GET", "/v1/users")[0] == 403
    assert ada.refused("GET", "/metrics")[0] == 403
    assert api.post("/v1/users", {"name": other, "role": "admin"})["role"] == "admin"
    token = api.post("/v1/tokens", {"name": "first", "user": other, "days": 1})["token"]
    boss = Api(api.url, token)
    assert boss.get("/v1/users/me")["name"] == other
    assert name in {one["name"] for one in boss.get("/v1/users")}
    [known] = boss.get("/v1/tokens")
    assert (known["name"], known["current"]) == ("first", True)
    assert token not in str(boss.get("/v1/tokens"))
    assert ada.refused("GET", "/v1/tokens", params={"user": other})[0] == 403
    assert ada.refused("POST", "/v1/tokens", json={"name": "mine", "user": other})[0] == 403
    assert ada.refused("DELETE", "/v1/tokens/first", params={"user": other})[0] == 403
    assert ada.refused("POST", "/v1/tokens", json={"name": "x", "days": 0})[0] == 422
    boss.send("DELETE", "/v1/tokens/first")
    assert boss.send("GET", "/v1/users/me").status_code == 401
    said = _said(api.get("/v1/audit", pageSize=1000))
    assert {("create user", other), ("create token", "first"), ("revoke token", "first")} <= set(said)
    assert api.send("DELETE", f"/v1/users/{other}").status_code == 204
    assert api.refused("DELETE", "/v1/users/admin")[0] == 409


def test_audit__a_job_is_of_whoever_asked_for_it(platform: Platform, api: Api, worker: Worker) -> None:
    name, ada = member(platform, api.url)
    dataset = ada.dataset(4)
    job = ada.post(f"{dataset.path}/sampling", body("chosen", "RANDOM", 2))["jobId"]
    assert ended(ada, job)["status"] == "FINISHED"
    line = next(line for line in ada.get("/v1/audit") if line["action"] == "finish sampling")
    assert (line["user"], line["subject"], line["datasetId"]) == (name, "chosen", dataset.id)

"""Datasets of the web app: the list by key, one with its tags and embeddings, its version, the state."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightly_ray.platform.context import Platform
from lightly_ray.platform.services import users
from lightly_ray.platform.storage.ids import new_id
from lightly_ray.platform.storage.store import datasets, samples
from tests.platform.browser import Browser
from tests.platform.served import Api, until_gone

VECTORS = np.random.default_rng(1).normal(size=(6, 3)).astype(np.float32)
UNKNOWN = "0" * 24


def everything(browser: Browser) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = []
    page = browser.get("datasets")
    while True:
        listed += page["datasets"]
        if page["next"] is None:
            return listed
        page = browser.get("datasets", after=page["next"])


def test_list__newest_first_by_key(browser: Browser, platform: Platform) -> None:
    with platform.database.write() as db:
        made = [datasets.create(db, users.admin(db).id, f"many-{new_id()}") for _ in range(101)]
    first = browser.get("datasets")
    assert [one["id"] for one in first["datasets"]] == made[:-51:-1]
    assert first["next"] == made[-50]
    with platform.database.write() as db:
        # A page that was asked for by its key does not move.
        newer = datasets.create(db, users.admin(db).id, f"newer-{new_id()}")
    second = browser.get("datasets", after=first["next"])
    assert [one["id"] for one in second["datasets"]] == made[-51:-101:-1]
    listed = [one["id"] for one in everything(browser)]
    assert len(listed) == len(set(listed))
    assert listed[:102] == [newer, *reversed(made)]


def test_list__ends_where_a_page_is_just_full(browser: Browser, platform: Platform) -> None:
    left = len(everything(browser)) % 50
    with platform.database.write() as db:
        for _ in range(50 - left):
            datasets.create(db, users.admin(db).id, f"full-{new_id()}")
    pages = [browser.get("datasets")]
    while pages[-1]["next"] is not None:
        pages.append(browser.get("datasets", after=pages[-1]["next"]))
    assert [len(page["datasets"]) for page in pages] == [50] * len(pages)


def test_list__what_a_card_shows(api: Api, browser: Browser, platform: Platform) -> None:
    dataset = api.dataset(40)
    dataset.tag("some", [1, 2])
    with platform.database.write() as db:
        # Of every 40 / 32 rows one is looked at; these have an image.
        for sample in samples.by_rows(db, dataset.id, range(20)):
            samples.set_file(db, dataset.id, sample.id, "full", samples.Blob("k", "0" * 64, 1))
    card = browser.get("datasets")["datasets"][0]
    assert card["id"] == dataset.id
    assert (card["samples"], card["tags"]) == (40, 2)
    assert card["createdAt"] <= card["changedAt"]
    assert len(card["strip"]) == 8
    assert card["strip"] == sorted(set(card["strip"]))
    assert card["strip"][0] == 0
    assert 15 < card["strip"][-1] < 20


def test_list__few_pictures_or_none(api: Api, browser: Browser, platform: Platform) -> None:
    dataset = api.dataset(5)
    assert browser.get("datasets")["datasets"][0]["strip"] == []
    with platform.database.write() as db:
        for sample in samples.by_rows(db, dataset.id, [1, 4]):
            samples.set_file(db, dataset.id, sample.id, "thumb", samples.Blob("k", "0" * 64, 1))
    assert browser.get("datasets")["datasets"][0]["strip"] == [1, 4]
    api.dataset()
    assert browser.get("datasets")["datasets"][0]["strip"] == []


def test_create__and_the_name_is_taken(browser: Browser) -> None:
    name = f"mine-{new_id()}"
    dataset = browser.post("datasets", {"name": name})["id"]
    shown = browser.get(f"datasets/{dataset}")
    assert (shown["name"], shown["total"], shown["samples"], shown["tags"], shown["embeddings"]) == (name, 0, 0, [], [])
    assert browser.refused("POST", "datasets", json={"name": name})[:2] == (409, "DATASET_NAME_EXISTS")


@pytest.mark.parametrize("name", ["", "ab", "<img src=x onerror=alert(1)>", "a/b", "a" * 256])
def test_create__bad_name(browser: Browser, name: str) -> None:
    assert browser.refused("POST", "datasets", json={"name": name})[0] == 422


def test_read__tags_and_embeddings(api: Api, browser: Browser) -> None:
    dataset = api.dataset(6)
    embedding = dataset.embed(VECTORS)
    some = dataset.tag("some", [1, 4, 5])
    shown = browser.get(f"datasets/{dataset.id}")
    first = dataset.tags()["initial-tag"]["id"]
    assert [(tag["name"], tag["count"], tag["added"], tag["parent"], tag["kind"]) for tag in shown["tags"]] == [
        ("initial-tag", 6, 6, None, "initial"),
        ("some", 3, 3, first, "manual"),
    ]
    assert [tag["id"] for tag in shown["tags"]] == [first, some]
    assert set(shown["tags"][0]) == {"id", "name", "parent", "count", "added", "creator", "createdAt", "kind"}
    assert shown["embeddings"] == [
        {"id": embedding, "name": "default", "version": 1, "dimension": 3, "rows": 6, "projections": []}
    ]
    dataset.add(["zz.png"])
    assert [browser.get(f"datasets/{dataset.id}")[key] for key in ("total", "samples")] == [6, 7]


def test_delete__with_its_files(api: Api, browser: Browser, platform: Platform) -> None:
    dataset = api.dataset(6)
    dataset.embed(VECTORS)
    folder = Path(platform.settings.data_dir) / "blobs" / "datasets" / dataset.id
    assert folder.exists()
    assert browser.send("DELETE", f"datasets/{dataset.id}").status_code == 204
    until_gone(folder)
    assert browser.refused("GET", f"datasets/{dataset.id}")[:2] == (404, "DATASET_UNKNOWN")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_unknown__is_not_found(browser: Browser, method: str) -> None:
    assert browser.refused(method, f"datasets/{UNKNOWN}")[:2] == (404, "DATASET_UNKNOWN")


def test_state__says_what_is_new(api: Api, browser: Browser) -> None:
    dataset = api.dataset(6)
    version = browser.get("state", dataset=dataset.id)["version"]
    assert version == browser.get(f"datasets/{dataset.id}")["version"]
    assert browser.get("state", dataset=dataset.id)["version"] == version
    dataset.tag("some", [1])
    assert browser.get("state", dataset=dataset.id)["version"] != version
    assert browser.get("state")["version"] is None
    browser.call("DELETE", f"datasets/{dataset.id}")
    assert browser.get("state", dataset=dataset.id)["version"] is None

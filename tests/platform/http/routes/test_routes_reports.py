"""Reports over HTTP: their two forms, their headers, and who may have them."""

import numpy as np
import pytest
import requests

from tests.platform.browser import Browser
from tests.platform.served import Api, Dataset, ended

VECTORS = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)


@pytest.fixture
def dataset(api: Api) -> Dataset:
    """Nine samples with vectors and without images."""
    dataset = api.dataset(9)
    dataset.embed(VECTORS)
    return dataset


def test_report__may_run_and_load_nothing(dataset: Dataset, browser: Browser) -> None:
    tag = dataset.tag("chosen", [1, 4])
    page = dataset.api.send("GET", f"{dataset.path}/tags/{tag}/report")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")
    assert policy.endswith("frame-ancestors 'none'; sandbox")
    assert (page.headers["content-type"], page.headers["x-content-type-options"]) == (
        "text/html; charset=utf-8",
        "nosniff",
    )
    assert page.text.count("no image") == 2
    shown = browser.send("GET", f"datasets/{dataset.id}/tags/{tag}/report")
    assert shown.text == page.text
    assert shown.headers["content-security-policy"] == policy


def test_report__figures_are_those_of_the_page(dataset: Dataset) -> None:
    tag = dataset.tag("chosen", [1, 4])
    figures = dataset.api.get(f"{dataset.path}/tags/{tag}/report", form="json")
    assert [one["filename"] for one in figures["chosen"]] == ["b-01.png", "b-04.png"]
    assert (figures["tag"]["pool"], figures["tag"]["before"]) == (9, 0)
    assert figures["cover"]["mean"]["before"] is None
    later = dataset.api.post(
        f"{dataset.path}/tags", {"name": "later", "prevTagId": tag, "bitMaskData": hex(0b1_0011_0010)}
    )["id"]
    figures = dataset.api.get(f"{dataset.path}/tags/{later}/report", form="json")
    assert [one["row"] for one in figures["chosen"]] == [5, 8]
    assert (figures["tag"]["pool"], figures["tag"]["before"]) == (7, 2)
    assert [one["tag"] for one in figures["rounds"]["rounds"]] == ["chosen", "later"]


def test_report__of_what_has_none(dataset: Dataset) -> None:
    first = dataset.tags()["initial-tag"]["id"]
    assert dataset.api.refused("GET", f"{dataset.path}/tags/{first}/report")[0] == 422
    assert dataset.api.refused("GET", f"{dataset.path}/tags/{'0' * 24}/report")[:2] == (404, "TAG_UNKNOWN")
    tag = dataset.tag("chosen", [1])
    assert dataset.api.refused("GET", f"{dataset.path}/tags/{tag}/report", params={"form": "pdf"})[0] == 422
    anonymous = f"{dataset.path}/tags/{tag}/report"
    assert requests.get(dataset.api.url + anonymous, timeout=9).status_code == 401


def test_report__samples_without_a_vector(api: Api) -> None:
    dataset = api.dataset(5)
    dataset.embed(VECTORS[:3], names=dataset.names()[:3])
    tag = dataset.tag("chosen", [1, 4])
    figures = api.get(f"{dataset.path}/tags/{tag}/report", form="json")
    assert figures["cover"] is None
    assert any("some samples have no vector in the embedding default" in note for note in figures["notes"])


@pytest.mark.usefixtures("worker")
def test_report__says_that_the_embedding_is_a_later_one(dataset: Dataset) -> None:
    embedding = dataset.api.get(f"{dataset.path}/embeddings")[0]["id"]
    ended(dataset.api, dataset.sampling(embedding, "chosen", "CORESET", 3))
    path = f"{dataset.path}/tags/{dataset.tags()['chosen']['id']}/report"
    before = dataset.api.get(path, form="json")
    assert "uploaded again" not in " ".join(before["notes"])
    assert dict(before["asked"])["radius, as certified"] > 0
    dataset.embed(VECTORS[:, ::-1])
    after = dataset.api.get(path, form="json")
    assert "distances are those of version 2, the selection has looked at version 1." in after["notes"][0]
    dataset.embed(VECTORS, name="other")
    assert dataset.api.get(path, form="json")["notes"][0] == after["notes"][0]

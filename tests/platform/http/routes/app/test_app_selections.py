"""Selections of the web app, computed by a worker: their tags, their order of choice, how they were made."""

import json
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from lightly_ray.methods import SUMMARIES, default_normalize, parse_method
from lightly_ray.parallel.selection.select import select
from lightly_ray.platform.context import Platform
from lightly_ray.platform.jobs.sampling_request import Method
from tests.platform.browser import Browser
from tests.platform.served import Api, Dataset, ended, until_gone

VECTORS = np.random.default_rng(5).normal(size=(30, 4)).astype(np.float32)
SCORES = np.random.default_rng(6).random(30)


@pytest.fixture
def dataset(api: Api) -> Dataset:
    return api.dataset(30)


def selected(browser: Browser, dataset: Dataset, **body: Any) -> str:
    """The id of the tag of a selection that succeeds."""
    job = browser.post(f"datasets/{dataset.id}/selections", body)["job"]
    assert ended(dataset.api, job)["status"] == "FINISHED"
    shown = browser.get(f"jobs/{job}")
    assert (shown["status"], shown["name"], shown["kind"]) == ("FINISHED", body["name"], "SAMPLING")
    return str(shown["result"])


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("method", "more"),
    [("CORESET", {}), ("CORAL", {"score": "margin"}), ("RANDOM", {"seed": 4}), ("CORESET", {"minDistance": 1.5})],
)
def test_selection__is_what_select_gives(browser: Browser, dataset: Dataset, method: str, more: dict[str, Any]) -> None:
    embedding, before = dataset.embed(VECTORS), dataset.tag("before", [3, 11])
    query = dataset.tag("query", range(25))
    scores = {"scoreType": "margin", "scores": SCORES[:25].tolist()}
    dataset.api.post(f"{dataset.path}/tags/{query}/scores", scores)
    size = None if "minDistance" in more else 7
    body = {"name": "chosen", "method": method, "samples": size, "query": query, "preselected": before, **more}
    tag = selected(browser, dataset, embedding=embedding, **body)
    names = dataset.names()
    expected = select(
        VECTORS,
        size or 25,
        method,
        ids=names,
        preselected=[names[3], names[11]],
        query=names[:25],
        scores=SCORES if "score" in more else None,
        seed=more.get("seed", 0),
        normalize=default_normalize(method, more.get("minDistance", 0)),
        min_distance=more.get("minDistance"),
        progress=False,
    )
    assert dataset.names_of(tag) == sorted(map(str, expected.ids))
    order = browser.get(f"datasets/{dataset.id}/tags/{tag}/order")
    assert [names[row] for row in order["rows"]] == expected.added_ids
    assert order["gains"] == expected.gains.tolist()
    [shown] = [one for one in browser.get(f"datasets/{dataset.id}")["tags"] if one["id"] == tag]
    assert (shown["count"], shown["added"]) == (len(expected.ids), len(expected.added_ids))
    assert (shown["parent"], shown["kind"], shown["creator"]) == (before, "sampling", f"SAMPLER_{method}")


@pytest.mark.usefixtures("worker")
def test_selection__how_it_was_made(browser: Browser, dataset: Dataset) -> None:
    embedding, before = dataset.embed(VECTORS, name="EfficientNet"), dataset.tag("round-1", [3, 11])
    tag = selected(
        browser, dataset, name="round-2", method="CORESET", samples=7, embedding=embedding, preselected=before, seed=3
    )
    made = browser.get(f"datasets/{dataset.id}/tags/{tag}/made")
    radius, factor = made["radius"], made["factor"]
    assert made["sentence"] == (
        f"5 by CORESET from round-1, embedding EfficientNet, radius {radius:.3g}, certified within {factor:.3g}"
    )
    assert (made["n"], made["method"], made["embedding"], made["seed"]) == (5, "CORESET", "EfficientNet", 3)
    assert (made["score"], made["minDistance"], made["stopReason"], made["why"]) == (None, None, None, None)
    assert "0x" not in json.dumps(made)
    assert made["provenance"]["query_tag"]["name"] == "initial-tag"


@pytest.mark.usefixtures("worker")
def test_order__the_first_pick_of_all_gains_infinity(browser: Browser, dataset: Dataset) -> None:
    tag = selected(browser, dataset, name="first", method="CORESET", samples=3, embedding=dataset.embed(VECTORS))
    order = browser.get(f"datasets/{dataset.id}/tags/{tag}/order")
    assert order["gains"][0] is None
    assert all(gain > 0 for gain in order["gains"][1:])
    assert len(order["rows"]) == 3


@pytest.mark.usefixtures("worker")
def test_order__goes_with_its_dataset(browser: Browser, dataset: Dataset, platform: Platform) -> None:
    tag = selected(browser, dataset, name="drawn", method="RANDOM", samples=0.1)
    key = dataset.api.get(f"{dataset.path}/tags/{tag}/provenance")["order_key"]
    assert platform.blobs.has(key)
    browser.call("DELETE", f"datasets/{dataset.id}")
    until_gone(Path(platform.settings.data_dir) / "blobs" / "datasets" / dataset.id)
    assert not platform.blobs.has(key)


@pytest.mark.usefixtures("worker")
def test_selection__asked_again_is_the_same_job(browser: Browser, dataset: Dataset) -> None:
    body = {"name": "once", "method": "RANDOM", "samples": 4}
    job = browser.post(f"datasets/{dataset.id}/selections", body)
    assert browser.post(f"datasets/{dataset.id}/selections", body) == job
    other = {**body, "samples": 5}
    assert browser.refused("POST", f"datasets/{dataset.id}/selections", json=other)[:2] == (409, "TAG_NAME_EXISTS")
    ended(dataset.api, job["job"])


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({"method": "SHARPEST"}, 422, "method"),
        ({"samples": None}, 422, "samples"),
        ({"samples": 31}, 422, "31"),
        ({"samples": 0}, 422, "0"),
        ({"samples": "many"}, 422, "samples"),
        ({"minDistance": 2}, 422, "RANDOM does not pick by distances"),
        ({"method": "CORESET"}, 409, "embedding"),
        ({"method": "ACTIVE_LEARNING"}, 404, "score"),
        ({"score": "margin"}, 422, "no scores"),
        ({"query": "0" * 24}, 404, "tag"),
        ({"preselected": "0" * 24}, 404, "tag"),
        ({"embedding": "0" * 24}, 404, "embedding"),
        ({"name": "<b>"}, 422, "tag name"),
    ],
)
def test_selection__refused(browser: Browser, dataset: Dataset, body: dict[str, Any], status: int, word: str) -> None:
    asked = {"name": "wanted", "method": "RANDOM", "samples": 4, **body}
    got = browser.refused("POST", f"datasets/{dataset.id}/selections", json=asked)
    assert got[0] == status
    assert word in got[2]


def test_selection__of_no_dataset(browser: Browser) -> None:
    body = {"name": "wanted", "method": "RANDOM", "samples": 4}
    assert browser.refused("POST", f"datasets/{'0' * 24}/selections", json=body)[:2] == (404, "DATASET_UNKNOWN")


def test_methods__are_those_that_can_be_asked_for(browser: Browser) -> None:
    listed = browser.get("methods")
    assert {one["name"] for one in listed} == set(get_args(get_args(Method)[0])) == set(SUMMARIES)
    for one in listed:
        parse_method(one["name"])
        assert one["summary"].endswith(".")
    asks = {one["name"]: [one[key] for key in list(one)[2:]] for one in listed}
    assert list(listed[0]) == ["name", "summary", "needsEmbedding", "needsScores", "takesScores", "takesMinDistance"]
    assert asks == {
        "AUTO": [True, False, True, True],
        "CORESET": [True, False, False, True],
        "CORAL": [True, True, True, True],
        "COVERAGE": [True, False, True, False],
        "CLUSTER": [True, False, True, False],
        "ACTIVE_LEARNING": [False, True, True, False],
        "RANDOM": [False, False, False, False],
    }

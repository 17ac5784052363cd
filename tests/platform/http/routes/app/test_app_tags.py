"""Tags of the web app: made of bytes, renamed, deleted, and how each was made."""

import json

import numpy as np
import pytest

from tests.platform.browser import Browser
from tests.platform.served import Api, Dataset

ROWS = [0, 3, 7, 8, 10]
MASK = bytes([0b10001001, 0b00000101])  # of 11 samples
UNKNOWN = "0" * 24


@pytest.fixture
def dataset(api: Api) -> Dataset:
    return api.dataset(11)


def make(browser: Browser, dataset: Dataset, name: str, mask: bytes = MASK, **query: str) -> str:
    params = {"name": name, **query}
    return str(browser.call("POST", f"datasets/{dataset.id}/tags", params=params, data=mask)["id"])


def test_create__of_mask_bytes(browser: Browser, dataset: Dataset) -> None:
    tag = make(browser, dataset, "by hand")
    names = dataset.names()
    assert dataset.names_of(tag) == [names[row] for row in ROWS]
    shown = dataset.tags()["by hand"]
    assert shown["prevTagId"] == dataset.tags()["initial-tag"]["id"]
    answer = browser.send("GET", f"datasets/{dataset.id}/tags/{tag}/mask")
    assert (answer.content, answer.headers["content-type"]) == (MASK, "application/octet-stream")
    child = make(browser, dataset, "a child", parent=tag)
    assert dataset.tags()["a child"]["prevTagId"] == tag
    assert browser.get(f"datasets/{dataset.id}")["tags"][-1]["id"] == child


def test_mask__of_all_samples(browser: Browser, dataset: Dataset) -> None:
    first = dataset.tags()["initial-tag"]["id"]
    assert browser.send("GET", f"datasets/{dataset.id}/tags/{first}/mask").content == bytes([255, 7])


@pytest.mark.parametrize(
    ("name", "mask", "query", "expected"),
    [
        ("good", MASK[:1], {}, (422, "DATASET_TAG_INVALID")),
        ("good", MASK + b"\0", {}, (422, "DATASET_TAG_INVALID")),
        ("good", b"", {}, (422, "DATASET_TAG_INVALID")),
        ("good", bytes([1, 8]), {}, (422, "DATASET_TAG_INVALID")),  # row 11
        ("initial-tag", MASK, {}, (409, "TAG_NAME_EXISTS")),
        ("<img src=x onerror=alert(1)>", MASK, {}, (422, "BAD_REQUEST")),
        ("", MASK, {}, (422, "BAD_REQUEST")),
        ("good", MASK, {"parent": UNKNOWN}, (404, "TAG_PREVTAG_NOT_IN_DATASET")),
    ],
)
def test_create__refused(
    browser: Browser, dataset: Dataset, name: str, mask: bytes, query: dict[str, str], expected: tuple[int, str]
) -> None:
    params = {"name": name, **query}
    assert browser.refused("POST", f"datasets/{dataset.id}/tags", params=params, data=mask)[:2] == expected
    assert list(dataset.tags()) == ["initial-tag"]


def test_create__before_the_upload_is_finished(api: Api, browser: Browser) -> None:
    empty = api.dataset(3, tagged=False)
    got = browser.refused("POST", f"datasets/{empty.id}/tags", params={"name": "good"}, data=b"")
    assert got[:2] == (422, "TAG_NO_TAG_IN_DATASET")


def test_rename__and_delete(browser: Browser, dataset: Dataset) -> None:
    tag = make(browser, dataset, "by hand")
    path = f"datasets/{dataset.id}/tags/{tag}"
    assert browser.send("PATCH", path, json={"name": "better"}).status_code == 204
    assert list(dataset.tags()) == ["initial-tag", "better"]
    child = make(browser, dataset, "a child", parent=tag)
    assert browser.refused("DELETE", path)[:2] == (409, "TAG_UNDELETABLE_NOT_A_LEAF")
    for one in (child, tag):
        assert browser.send("DELETE", f"datasets/{dataset.id}/tags/{one}").status_code == 204
    assert list(dataset.tags()) == ["initial-tag"]


def test_rename__refused(browser: Browser, dataset: Dataset) -> None:
    first, tag = dataset.tags()["initial-tag"]["id"], make(browser, dataset, "by hand")
    path = f"datasets/{dataset.id}/tags"
    assert browser.refused("PATCH", f"{path}/{tag}", json={"name": "initial-tag"})[:2] == (409, "TAG_NAME_EXISTS")
    assert browser.refused("PATCH", f"{path}/{tag}", json={"name": "x"})[0] == 422
    assert browser.refused("PATCH", f"{path}/{tag}", json={})[:2] == (422, "MALFORMED_REQUEST")
    assert browser.refused("PATCH", f"{path}/{first}", json={"name": "better"})[:2] == (422, "DATASET_TAG_INVALID")
    assert browser.refused("DELETE", f"{path}/{first}")[:2] == (409, "TAG_UNDELETABLE_IS_INITIAL")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/mask"), ("GET", "/made"), ("GET", "/order"), ("PATCH", ""), ("DELETE", "")]
)
def test_unknown__is_not_found(browser: Browser, dataset: Dataset, api: Api, method: str, path: str) -> None:
    elsewhere = api.dataset(2).tags()["initial-tag"]["id"]
    for tag in (UNKNOWN, elsewhere):
        got = browser.refused(method, f"datasets/{dataset.id}/tags/{tag}{path}", json={"name": "good"})
        assert got[:2] == (404, "TAG_UNKNOWN")
    first = dataset.tags()["initial-tag"]["id"]
    got = browser.refused(method, f"datasets/{UNKNOWN}/tags/{first}{path}", json={"name": "good"})
    assert got[0] == 404


def test_made__by_hand_and_all(browser: Browser, dataset: Dataset) -> None:
    tag, first = make(browser, dataset, "by hand"), dataset.tags()["initial-tag"]["id"]
    made = browser.get(f"datasets/{dataset.id}/tags/{tag}/made")
    assert (made["sentence"], made["n"]) == ("5 put together by hand, going on from initial-tag", 5)
    assert (made["method"], made["embedding"], made["radius"]) == (None, None, None)
    assert browser.get(f"datasets/{dataset.id}/tags/{first}/made")["sentence"] == "all 11 samples"
    body = {"tagId1": first, "tagId2": tag, "operation": "DIFFERENCE", "newTagName": "the rest", "creator": "T"}
    rest = dataset.api.post(f"{dataset.path}/tags/arithmetics", body)["id"]
    made = browser.get(f"datasets/{dataset.id}/tags/{rest}/made")
    assert made["sentence"] == "6: initial-tag without by hand"
    assert "mask" not in json.dumps(made)


def test_order__of_what_nothing_selected(browser: Browser, dataset: Dataset) -> None:
    tag = make(browser, dataset, "by hand")
    status, _, message = browser.refused("GET", f"datasets/{dataset.id}/tags/{tag}/order")
    assert status == 404
    assert "by hand" in message


def test_mask__of_many_samples(api: Api, browser: Browser) -> None:
    dataset = api.dataset()
    dataset.add([f"{number:03d}.png" for number in range(200)])
    dataset.tag_all()
    chosen = np.random.default_rng(2).random(200) < 0.3
    tag = make(browser, dataset, "drawn", np.packbits(chosen, bitorder="little").tobytes())
    names = dataset.names()
    assert dataset.names_of(tag) == [names[row] for row in np.flatnonzero(chosen)]

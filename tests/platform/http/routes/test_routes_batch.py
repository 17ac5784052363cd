"""Batches of samples over HTTP: verified, each item by itself, harmless to repeat."""

import hashlib
import json
from typing import Any

import requests

from tests.platform.served import PNG, Api, Dataset

FULL, THUMB = PNG + b"full" * 90, b"RIFF0000WEBPthumb"


def send(dataset: Dataset, items: list[dict[str, Any]], files: dict[str, bytes], code: int = 200) -> Any:
    parts = {"samples": (None, json.dumps(items))} | {name: (name, content) for name, content in files.items()}
    answer = dataset.api.send("POST", f"{dataset.path}/samples/batch", files=parts)
    assert answer.status_code == code, answer.text
    return answer.json()


def item(name: str, full: bytes | None = None, thumb: bytes | None = None, **more: Any) -> dict[str, Any]:
    files = {"full": full, "thumb": thumb}
    digests = {kind: hashlib.sha256(content).hexdigest() for kind, content in files.items() if content is not None}
    return {"fileName": name, "sha256": digests, **more}


def test_batch__stores_files_and_metadata(api: Api) -> None:
    dataset = api.dataset()
    items = [item("b.png", FULL, THUMB, thumbName="t.webp", metaData={"snr": 2.5}), item("a.png")]
    answers = send(dataset, items, {"full-0": FULL, "thumb-0": THUMB})
    assert [(one["fileName"], one["error"]) for one in answers] == [("b.png", None), ("a.png", None)]
    sample = answers[0]["id"]
    assert api.get(f"{dataset.path}/samples/{sample}")["metaData"] == {"snr": 2.5}
    for kind, content in (("full", FULL), ("thumbnail", THUMB)):
        url = api.get(f"{dataset.path}/samples/{sample}/readurl", type=kind)
        assert requests.get(url, timeout=9).content == content
    assert len(api.get(f"{dataset.path}/samples")) == 2


def test_batch__again_changes_nothing(api: Api) -> None:
    dataset = api.dataset()
    items, files = [item("a.png", FULL)], {"full-0": FULL}
    assert send(dataset, items, files) == send(dataset, items, files)
    assert api.get(dataset.path)["nSamples"] == 1


def test_batch__each_item_by_itself(api: Api) -> None:
    dataset = api.dataset()
    items = [
        item("good.png", FULL),
        item("damaged.png", b"something else"),
        item("lost.png", FULL),
        item("good.png", FULL),
        item("x" * 256),
        item("empty.png"),
    ]
    answers = send(dataset, items, {"full-0": FULL, "full-1": FULL, "full-3": FULL, "full-5": b""})
    assert [one["id"] is None for one in answers] == [False, True, True, True, True, True]
    errors = [one["error"] for one in answers]
    for error, word in zip(errors[1:], ("damaged", "did not arrive", "twice", "255", "empty"), strict=True):
        assert word in error
    assert api.get(dataset.path)["nSamples"] == 1


def test_batch__metadata_that_is_no_number(api: Api) -> None:
    dataset = api.dataset()
    [answer] = send(dataset, [item("black.png", metaData={"snr": float("nan"), "mean": [0.5]})], {})
    assert api.get(f"{dataset.path}/samples/{answer['id']}")["metaData"] == {"snr": None, "mean": [0.5]}


def test_batch__too_many(api: Api) -> None:
    answer = send(api.dataset(), [item(f"{number}.png") for number in range(257)], {}, code=422)
    assert "256" in answer["message"]


def test_batch__malformed(api: Api) -> None:
    dataset = api.dataset()
    assert send(dataset, [{"name": "a.png"}], {}, code=422)["code"] == "MALFORMED_REQUEST"
    answer = api.send("POST", f"{dataset.path}/samples/batch", files={"other": (None, "x")})
    assert (answer.status_code, answer.json()["code"]) == (422, "MALFORMED_REQUEST")
    unknown = api.send("POST", "/v1/datasets/none/samples/batch", files={"samples": (None, "[]")})
    assert unknown.status_code == 404

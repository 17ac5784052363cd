"""Uploads of the web app: images as the client describes them, the tags that end an upload, embedding files."""

import io
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from PIL import Image

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.data.vectors import fixed_lists
from lightly_ray.platform.context import Platform
from lightly_ray.platform.storage.store import samples
from tests.platform.browser import Browser
from tests.platform.served import Api, Dataset, csv_text

HOSTILE = "<img src=x onerror=alert(1)>.png"
UNKNOWN = "0" * 24


def picture(seed: int = 0, kind: str = "png") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (150, 200, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind)
    return out.getvalue()


def put(browser: Browser, dataset: Dataset, name: str, content: bytes) -> None:
    answer = browser.call("POST", f"datasets/{dataset.id}/images", params={"name": name}, data=content)
    assert answer == {"name": name}


def finish(browser: Browser, dataset: Dataset) -> int:
    return int(browser.post(f"datasets/{dataset.id}/finish")["added"])


def test_image__is_stored_as_the_client_stores_it(api: Api, browser: Browser, tmp_path: Path) -> None:
    by_browser, by_client = api.dataset(), api.dataset()
    content = picture()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(content)
    ApiWorkflowClient(api.token, by_client.id, server=api.url, show_progress=False).upload_dataset(str(tmp_path / "in"))
    put(browser, by_browser, "a.png", content)
    assert finish(browser, by_browser) == 1
    seen = []
    for dataset in (by_browser, by_client):
        [sample] = api.get(f"{dataset.path}/samples")
        files = [
            requests.get(api.get(f"{dataset.path}/samples/{sample['id']}/readurl", type=kind), timeout=9).content
            for kind in ("full", "thumbnail")
        ]
        seen.append(([sample[key] for key in ("fileName", "thumbName", "metaData", "exif", "customMetaData")], files))
    assert seen[0] == seen[1]
    assert seen[0][1][0] == content


def test_image__again_changes_nothing(api: Api, browser: Browser, platform: Platform) -> None:
    dataset, content = api.dataset(), picture()
    put(browser, dataset, "a/b.png", content)
    with platform.database.read() as db:
        before = samples.named(db, dataset.id, "a/b.png")
    put(browser, dataset, "a/b.png", content)
    with platform.database.read() as db:
        assert samples.named(db, dataset.id, "a/b.png") == before
    status, _, message = browser.refused(
        "POST", f"datasets/{dataset.id}/images", params={"name": "a/b.png"}, data=picture(1)
    )
    assert status == 409
    assert "a/b.png" in message


@pytest.mark.parametrize("name", [HOSTILE, "../../etc/passwd.png", "ä/日本 1.png", "a" * 255])
def test_image__a_name_is_nothing_but_text(api: Api, browser: Browser, platform: Platform, name: str) -> None:
    dataset = api.dataset()
    put(browser, dataset, name, picture())
    finish(browser, dataset)
    assert dataset.names() == [name]
    with platform.database.read() as db:
        stored = samples.named(db, dataset.id, name)
    assert stored is not None
    assert re.fullmatch(rf"datasets/{dataset.id}/samples/[0-9a-f]{{2}}/full-[0-9a-f]{{24}}", str(stored.full_key))


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.png", b"no image", "a.png"),
        ("a.png", b"", "a.png"),
        ("a.png", picture()[:500], "a.png"),
        (HOSTILE, b"<script>", "no image"),
        ("", picture(), "file name"),
        ("a" * 256, picture(), "255"),
        ("a\n.png", picture(), "control"),
    ],
)
def test_image__refused(api: Api, browser: Browser, name: str, content: bytes, word: str) -> None:
    dataset = api.dataset()
    status, _, message = browser.refused("POST", f"datasets/{dataset.id}/images", params={"name": name}, data=content)
    assert status == 422
    assert word in message
    assert dataset.names() == []


def test_unknown__dataset(browser: Browser) -> None:
    path, name = f"datasets/{UNKNOWN}", {"name": "a.png", "format": "csv"}
    for method, what in (("POST", "images"), ("POST", "finish"), ("PUT", "embeddings")):
        got = browser.refused(method, f"{path}/{what}", params=name, data=picture())
        assert got[:2] == (404, "DATASET_UNKNOWN"), what


def test_finish__first_then_more_then_nothing(api: Api, browser: Browser) -> None:
    dataset = api.dataset()
    assert finish(browser, dataset) == 0
    assert dataset.tags() == {}
    for name in ("b.png", "a.png"):
        put(browser, dataset, name, picture())
    assert finish(browser, dataset) == 2
    assert list(dataset.tags()) == ["initial-tag"]
    assert dataset.names() == ["a.png", "b.png"]
    assert finish(browser, dataset) == 0
    put(browser, dataset, "0.png", picture())
    assert finish(browser, dataset) == 1
    put(browser, dataset, "1.png", picture())
    assert finish(browser, dataset) == 1
    first, *added = dataset.tags().values()
    assert dataset.names_of(first["id"]) == ["a.png", "b.png", "0.png", "1.png"]
    assert [dataset.names_of(tag["id"]) for tag in added] == [["0.png"], ["1.png"]]
    for tag in added:  # the two within one second have two names
        assert re.fullmatch(r"added \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d( 2)?", tag["name"])
    made = browser.get(f"datasets/{dataset.id}/tags/{added[0]['id']}/made")
    assert made["sentence"] == "1 added to the 2 before them"


def parquet(names: list[str], vectors: np.ndarray) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"filename": names, "embedding": fixed_lists(vectors)}), out)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_embedding__and_its_next_version(api: Api, browser: Browser, kind: str) -> None:
    dataset = api.dataset(5)
    vectors = np.random.default_rng(3).normal(size=(5, 3)).astype(np.float32)
    content = csv_text(dataset.names(), vectors).encode() if kind == "csv" else parquet(dataset.names(), vectors)
    path, query = f"datasets/{dataset.id}/embeddings", {"name": "mine", "format": kind}
    first = browser.call("PUT", path, params=query, data=content)
    assert (first["rows"], first["dimension"]) == (5, 3)
    again = browser.call("PUT", path, params=query, data=content)
    assert again == first
    [shown] = browser.get(f"datasets/{dataset.id}")["embeddings"]
    assert (shown["id"], shown["name"], shown["version"]) == (first["id"], "mine", 2)


def test_embedding__refused(api: Api, browser: Browser) -> None:
    dataset = api.dataset(2)
    path, good = f"datasets/{dataset.id}/embeddings", csv_text(dataset.names(), np.eye(2))
    wrong = csv_text([HOSTILE, "b-01.png"], np.eye(2))
    for query, content, expected in (
        ({"name": "mine", "format": "csv"}, wrong, (422, "EMBEDDING_INVALID")),
        ({"name": "mine", "format": "csv"}, "", (422, "EMBEDDING_INVALID")),
        ({"name": "mine", "format": "parquet"}, good, (422, "EMBEDDING_INVALID")),
        ({"name": "mine", "format": "npy"}, good, (422, "MALFORMED_REQUEST")),
        ({"name": "", "format": "csv"}, good, (422, "BAD_REQUEST")),
        ({"format": "csv"}, good, (422, "MALFORMED_REQUEST")),
    ):
        assert browser.refused("PUT", path, params=query, data=content.encode())[:2] == expected, query
    assert browser.get(f"datasets/{dataset.id}")["embeddings"] == []

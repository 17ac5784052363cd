"""Samples, their order and their files over HTTP."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image

from tests.platform.served import PNG, Api, Dataset

METADATA = {"mean": [1.5, 2.5, 3.5], "snr": 0.25, "shape": [4, 6, 3], "is_corrupted": False}


def create(dataset: Dataset, name: str, **more: Any) -> str:
    return str(dataset.api.post(f"{dataset.path}/samples", {"fileName": name, **more})["id"])


def url_of(dataset: Dataset, sample_id: str, what: str, **query: Any) -> str:
    return str(dataset.api.get(f"{dataset.path}/samples/{sample_id}/{what}", **query))


def test_create_sample__again_is_the_same_sample(api: Api) -> None:
    dataset = api.dataset()
    told = {"thumbName": "a_thumb.webp", "exif": {}, "metaData": METADATA}
    first = create(dataset, "a/b.png", **told)
    assert create(dataset, "a/b.png", **told) == first
    shown = api.get(f"{dataset.path}/samples/{first}")
    assert (shown["fileName"], shown["metaData"], shown["type"]) == ("a/b.png", METADATA, "IMAGE")
    assert api.get(dataset.path)["nSamples"] == 1


def test_create_sample__by_many_threads(api: Api) -> None:
    dataset = api.dataset()
    names = [f"{number % 12:02d}.png" for number in range(48)]  # each four times, as clients that retry send them
    with ThreadPoolExecutor(8) as pool:
        ids = dict(zip(names, pool.map(lambda name: create(dataset, name), names), strict=True))
    dataset.tag_all()
    assert api.get(f"{dataset.path}/mappings", field="_id") == [ids[name] for name in sorted(set(names))]
    assert api.get(dataset.path)["nSamples"] == 12


@pytest.mark.parametrize("name", ["", "x" * 256, "a\x00b", "a\nb"])
def test_create_sample__bad_name(api: Api, name: str) -> None:
    assert api.refused("POST", f"{api.dataset().path}/samples", json={"fileName": name})[0] == 422


def test_create_sample__metadata_of_absurd_size(api: Api) -> None:
    body = {"fileName": "a.png", "customMetaData": {"text": "x" * 300_000}}
    status, _, message = api.refused("POST", f"{api.dataset().path}/samples", json=body)
    assert status == 413
    assert "customMetaData" in message


def test_create_sample__metadata_that_is_too_deep(api: Api) -> None:
    dataset = api.dataset()
    path = f"{dataset.path}/samples"
    for kind in ("metaData", "customMetaData", "exif"):
        # Python's own parser goes deeper than whatever writes the answers.
        body = f'{{"fileName": "{kind}.png", "{kind}": {nested(900)}}}'
        status, _, message = api.refused("POST", path, data=body, headers={"content-type": "application/json"})
        assert (status, kind in message) == (413, True)
    create(dataset, "a.png", customMetaData=json.loads(nested(64)))
    assert [one["fileName"] for one in api.get(path)] == ["a.png"]


def nested(depth: int) -> str:
    """JSON of that many objects inside each other."""
    return '{"a": ' * (depth - 1) + "{}" + "}" * (depth - 1)


def test_change_sample__keeps_what_is_absent(api: Api) -> None:
    dataset = api.dataset()
    sample = create(dataset, "a.png", metaData=METADATA)
    api.call("PUT", f"{dataset.path}/samples/{sample}", json={"customMetaData": {"image_id": 7}})
    shown = api.get(f"{dataset.path}/samples/{sample}")
    assert (shown["customMetaData"], shown["metaData"]) == ({"image_id": 7}, METADATA)


def test_change_sample__unknown(api: Api) -> None:
    path = f"{api.dataset().path}/samples/{'0' * 24}"
    assert api.refused("PUT", path, json={"customMetaData": {}})[:2] == (404, "SAMPLE_UNKNOWN")


def test_mappings__file_name_order_and_aligned_ids(api: Api) -> None:
    dataset = api.dataset()
    ids = {name: create(dataset, name) for name in ("b.png", "a.png", "Z.png", "ä.png", "a/c.png")}
    in_order = ["Z.png", "a.png", "a/c.png", "b.png", "ä.png"]  # by code point, in every database
    assert dataset.names() == in_order
    dataset.tag_all()
    assert dataset.names() == in_order
    assert api.get(f"{dataset.path}/mappings", field="_id") == [ids[name] for name in in_order]


def test_list_samples__leaves_out_what_never_arrived(api: Api) -> None:
    dataset = api.dataset()
    whole = create(dataset, "whole.png", thumbName="w.webp")
    create(dataset, "metadata-only.png")
    create(dataset, "no-thumb.png", thumbName="n.webp")
    no_full = create(dataset, "no-full.png", thumbName="n.webp")
    for sample in (whole, no_full):
        urls = api.get(f"{dataset.path}/samples/{sample}/writeurls")
        assert requests.put(urls["thumb"], data=b"t", timeout=9).status_code == 200
        if sample == whole:
            assert requests.put(urls["full"], data=b"f", timeout=9).status_code == 200
    complete = ["metadata-only.png", "whole.png"]
    assert [one["fileName"] for one in api.get(f"{dataset.path}/samples")] == complete
    parts = api.get(f"{dataset.path}/samples/partial", mode="fileNames")
    assert [set(one) for one in parts] == [{"id", "fileName"}] * 2
    assert [one["fileName"] for one in parts] == complete
    assert [set(one) for one in api.get(f"{dataset.path}/samples/partial", mode="ids")] == [{"id"}] * 2
    assert api.get(f"{dataset.path}/samples/partial", mode="full", pageOffset=1)[0]["fileName"] == "whole.png"
    assert api.get(f"{dataset.path}/samples", pageSize=5, pageOffset=5) == []


@pytest.mark.parametrize("thumbnail", [True, False])
def test_write_url__what_is_put_can_be_read(api: Api, thumbnail: bool) -> None:
    dataset = api.dataset()
    sample = create(dataset, "a.png", thumbName="t")
    content = PNG + bytes(range(250)) * 7
    done = requests.put(url_of(dataset, sample, "writeurl", isThumbnail=str(thumbnail)), data=content, timeout=9)
    assert done.status_code == 200  # exactly: older clients crash on 204
    kind = "thumbnail" if thumbnail else "full"
    got = requests.get(url_of(dataset, sample, "readurl", type=kind), timeout=9)
    assert (got.content, got.headers["content-type"]) == (content, "image/png")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert api.get(dataset.path)["sizeInBytes"] == len(content)


def test_write_url__again_replaces(api: Api) -> None:
    dataset = api.dataset()
    sample = create(dataset, "a.png")
    url = url_of(dataset, sample, "writeurl", isThumbnail="False")
    for content in (b"first", b"second one"):
        requests.put(url, data=content, timeout=9)
    got = requests.get(url_of(dataset, sample, "readurl", type="full"), timeout=9)
    assert (got.content, got.headers["content-type"]) == (b"second one", "application/octet-stream")


def test_write_url__empty_file(api: Api) -> None:
    dataset = api.dataset()
    url = url_of(dataset, create(dataset, "a.png"), "writeurl", isThumbnail="False")
    assert requests.put(url, data=b"", timeout=9).status_code == 422


def test_read_url__nothing_uploaded(api: Api) -> None:
    dataset = api.dataset()
    path = f"{dataset.path}/samples/{create(dataset, 'a.png')}/readurl"
    assert api.refused("GET", path, params={"type": "full"})[0] == 404


def test_read_url__thumbnail_of_an_image_without_one(api: Api) -> None:
    dataset = api.dataset()
    sample = create(dataset, "a.png")
    pixels = np.random.default_rng(0).integers(0, 256, (300, 200, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    requests.put(url_of(dataset, sample, "writeurl", isThumbnail="False"), data=file.getvalue(), timeout=9)
    got = requests.get(url_of(dataset, sample, "readurl", type="thumbnail"), timeout=9)
    with Image.open(io.BytesIO(got.content)) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("WEBP", (85, 128))


def test_signed_url__one_file_one_method(api: Api) -> None:
    dataset = api.dataset()
    sample = create(dataset, "a.png")
    url = url_of(dataset, sample, "writeurl", isThumbnail="False")
    for other in (url.replace("/full?", "/thumb?"), url[:-1] + ("0" if url[-1] != "0" else "1"), url.split("&")[0]):
        assert requests.put(other, data=b"x", timeout=9).json()["code"] == "FORBIDDEN"
    assert requests.get(url, timeout=9).status_code == 403
    later = url.replace("expires=", "expires=9")
    assert requests.put(later, data=b"x", timeout=9).status_code == 403

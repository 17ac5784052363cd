"""Datasets over HTTP: what the published client sends, and what comes back."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lightly_ray.platform.context import Platform
from lightly_ray.platform.storage.ids import new_id
from tests.platform.served import PNG, Api, until_gone


@pytest.mark.parametrize("path", ["/v1/datasets", "/v1/datasets/"])
def test_create_dataset__with_and_without_slash(api: Api, path: str) -> None:
    name = f"digits {new_id()}"
    dataset_id = api.post(path, {"name": name})["id"]
    assert re.fullmatch("[a-f0-9]{24}", dataset_id)
    shown = api.get(f"/v1/datasets/{dataset_id}")
    assert shown["name"] == name
    assert {"id", "name", "type", "nSamples", "sizeInBytes", "createdAt", "lastModifiedAt", "userId"} <= set(shown)
    assert shown["createdAt"] > 1_600_000_000_000  # milliseconds


def test_create_dataset__fields_of_later_clients(api: Api) -> None:
    name = f"later-{new_id()}"
    dataset_id = api.post("/v1/datasets", {"name": name, "type": "Images", "creator": "USER_PIP"})["id"]
    assert api.get(f"/v1/datasets/{dataset_id}")["type"] == "Images"


def test_create_dataset__name_taken(api: Api) -> None:
    name = f"twice-{new_id()}"
    api.post("/v1/datasets", {"name": name})
    status, code, message = api.refused("POST", "/v1/datasets", json={"name": name})
    assert (status, code) == (409, "DATASET_NAME_EXISTS")
    assert name in message


def test_create_dataset__many_at_once(api: Api) -> None:
    name = f"race-{new_id()}"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: api.send("POST", "/v1/datasets", json={"name": name}), range(24)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 23
    assert {answer.json()["code"] for answer in answers if not answer.ok} == {"DATASET_NAME_EXISTS"}


@pytest.mark.parametrize("name", ["ab", " abc", "a/b", "abc\n", "é" * 5, "a" * 256, ""])
def test_create_dataset__bad_name(api: Api, name: str) -> None:
    assert api.refused("POST", "/v1/datasets", json={"name": name})[:2] == (422, "BAD_REQUEST")


def test_list_datasets__pages_end(api: Api) -> None:
    made = [api.dataset().id for _ in range(3)]
    everything = [one["id"] for one in api.get("/v1/datasets", shared="False")]
    assert everything[-3:] == made
    pages = [api.get("/v1/datasets", pageSize=2, pageOffset=at) for at in range(0, len(everything) + 2, 2)]
    assert [one["id"] for page in pages for one in page] == everything
    assert pages[-1] == []


def test_list_datasets__none_is_shared(api: Api) -> None:
    api.dataset()
    assert api.get("/v1/datasets", shared="True") == []


def test_find_datasets__exact_and_by_prefix(api: Api) -> None:
    base = f"base-{new_id()}"
    for name in (base, f"{base}_1"):
        api.post("/v1/datasets", {"name": name})
    exact = api.get(f"/v1/datasets/query/name/{base}", shared="False", exact="True")
    assert [one["name"] for one in exact] == [base]
    prefix = api.get(f"/v1/datasets/query/name/{base}", shared="False", exact="False")
    assert [one["name"] for one in prefix] == [base, f"{base}_1"]
    assert api.get(f"/v1/datasets/query/name/{base}", shared="True", exact="False") == []


def test_find_datasets__a_wildcard_is_a_letter(api: Api) -> None:
    api.post("/v1/datasets", {"name": f"wild{new_id()}"})
    assert api.get("/v1/datasets/query/name/w_ld", exact="False") == []


def test_delete_dataset__takes_everything_with_it(api: Api, platform: Platform) -> None:
    dataset = api.dataset(5)
    dataset.tag("some", [1, 3])
    sample = api.get(f"{dataset.path}/samples")[0]["id"]
    url = api.get(f"{dataset.path}/samples/{sample}/writeurl", isThumbnail="True")
    api.session.put(url, data=b"pixels")
    folder = Path(platform.settings.data_dir) / "blobs" / "datasets" / dataset.id
    assert any(path.is_file() for path in folder.rglob("*"))
    api.call("DELETE", dataset.path, json={})
    until_gone(folder)
    assert api.refused("GET", dataset.path)[:2] == (404, "DATASET_UNKNOWN")
    assert api.refused("GET", f"{dataset.path}/tags")[:2] == (404, "DATASET_UNKNOWN")
    assert api.session.put(url, data=b"pixels").status_code == 404


def test_register_upload__is_accepted(api: Api) -> None:
    told = {"total": 12, "processed": 0, "uploadMethod": "USER_PIP", "isRegistered": True}
    api.call("PUT", f"{api.dataset().path}/registerDatasetUpload", json=told)


def test_datasource__is_not_found(api: Api) -> None:
    assert api.refused("GET", f"{api.dataset().path}/datasource")[:2] == (404, "NOT_FOUND")


def test_size__is_that_of_the_newest_files(api: Api) -> None:
    dataset = api.dataset()

    def send(**files: bytes) -> None:
        items = [{"fileName": name} for name in ("a.png", "b.png")]
        parts = {name.replace("_", "-"): ("x", content) for name, content in files.items()}
        api.call("POST", f"{dataset.path}/samples/batch", files={"samples": (None, json.dumps(items)), **parts})

    def size() -> int:
        return int(api.get(dataset.path)["sizeInBytes"])

    send()
    assert size() == 0
    send(full_0=PNG + b"x" * 100, thumb_0=b"t" * 7, full_1=b"y" * 1_000)
    assert size() == 108 + 7 + 1_000
    send(full_0=b"z" * 30)
    assert size() == 30 + 7 + 1_000
    sample = api.get(f"{dataset.path}/samples")[1]["id"]
    url = api.get(f"{dataset.path}/samples/{sample}/writeurl")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda count: api.session.put(url, data=b"w" * count), range(1, 17)))
    assert all(answer.ok for answer in answers)
    stored = api.session.get(api.get(f"{dataset.path}/samples/{sample}/readurl")).content
    assert size() == 30 + 7 + len(stored)
    assert [one["sizeInBytes"] for one in api.get("/v1/datasets") if one["id"] == dataset.id] == [size()]

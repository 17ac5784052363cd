"""Exports of a tag."""

import pytest
import requests

from tests.platform.served import PNG, Api, Dataset


@pytest.fixture
def dataset(api: Api) -> Dataset:
    """Five samples, of which row 1 has its image, row 3 its thumbnail alone."""
    dataset = api.dataset(5)
    ids = api.get(f"{dataset.path}/mappings", field="_id")
    for row, thumbnail in ((1, False), (3, True)):
        url = api.get(f"{dataset.path}/samples/{ids[row]}/writeurl", isThumbnail=str(thumbnail))
        requests.put(url, data=PNG + bytes([row]), timeout=9)
    api.call("PUT", f"{dataset.path}/samples/{ids[1]}", json={"metaData": {"shape": [4, 6, 3]}})
    return dataset


def export(dataset: Dataset, what: str, **query: object) -> requests.Response:
    tag = dataset.tags().get("some") or {"id": dataset.tag("some", [1, 3])}
    answer = dataset.api.send("GET", f"{dataset.path}/tags/{tag['id']}/export/{what}", params=query)
    assert answer.ok, answer.text
    return answer


def test_file_names__one_per_line(dataset: Dataset) -> None:
    assert export(dataset, "basic/filenames").text == "b-01.png\nb-03.png"
    inverted = export(dataset, "basic/filenames", includeInverted="True")
    assert inverted.text == "b-00.png\nb-02.png\nb-04.png"


def test_file_names__as_urls(dataset: Dataset) -> None:
    urls = export(dataset, "basic/filenames", fileNameFormat="REDIRECTED_READ_URL").text.split("\n")
    assert [requests.get(url, timeout=9).content for url in urls] == [PNG + b"\x01", PNG + b"\x03"]


def test_read_urls__in_pages(dataset: Dataset) -> None:
    both = export(dataset, "basic/filenamesAndReadUrls").json()
    assert [one["fileName"] for one in both] == ["b-01.png", "b-03.png"]
    assert requests.get(both[0]["readUrl"], timeout=9).content == PNG + b"\x01"
    pages = [export(dataset, "basic/filenamesAndReadUrls", pageSize=1, pageOffset=at).json() for at in range(3)]
    assert [[one["fileName"] for one in page] for page in pages] == [["b-01.png"], ["b-03.png"], []]


def test_label_studio__tasks(dataset: Dataset) -> None:
    first, _ = export(dataset, "LabelStudio/tasks").json()
    assert first["data"]["lightlyFileName"] == "b-01.png"
    assert requests.get(first["data"]["image"], timeout=9).content == PNG + b"\x01"


def test_labelbox__both_spellings(dataset: Dataset) -> None:
    old, new = (export(dataset, f"{name}/datarows").json() for name in ("LabelBox", "LabelBoxV4"))
    assert [one["externalId"] for one in old] == [one["external_id"] for one in new] == ["b-01.png", "b-03.png"]
    assert len({one["global_key"] for one in new}) == 2


def test_coco__images(dataset: Dataset) -> None:
    listed = export(dataset, "COCO/images").json()
    assert listed["images"] == [
        {"id": 1, "file_name": "b-01.png", "height": 4, "width": 6},
        {"id": 2, "file_name": "b-03.png"},
    ]
    assert set(listed) == {"images", "annotations", "categories"}

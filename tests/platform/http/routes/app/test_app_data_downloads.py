"""A tag as a file: names, tables, images, and what labelling tools import."""

import csv
import io
import zipfile
from urllib.parse import urlsplit

import numpy as np
import pytest
import requests

from tests.platform.http.routes.app.reading import ask, described, embed_some, get, picture, put_files
from tests.platform.served import Api, Dataset

NAMES = ["../up.png", "/top.png", "=1+1.png", "C:\\a\\b.png", "MISSING.txt", "a/ä.png", "b.png", "c//../d.png"]


@pytest.fixture(scope="module")
def dataset(api: Api) -> Dataset:
    """Eight samples with names that bite; `b.png`, row 6, has no image."""
    dataset = described(
        api, {name: {"customMetaData": {"note": f"-{row}", "x": row - 2}} for row, name in enumerate(NAMES)}
    )
    for row in range(8):
        if row != 6:
            put_files(dataset, row, full=picture((8, 8), seed=row))
    api.call("PUT", f"{dataset.path}/samples/{ids(dataset)[5]}", json={"metaData": {"shape": [4, 6, 3]}})
    return dataset


def ids(dataset: Dataset) -> list[str]:
    found: list[str] = dataset.api.get(f"{dataset.path}/mappings", field="_id")
    return found


def download(dataset: Dataset, form: str, rows: list[int]) -> requests.Response:
    name = f"rows {' '.join(map(str, rows))}"
    tag = dataset.tags().get(name, {}).get("id") or dataset.tag(name, rows)
    return get(dataset, f"tags/{tag}/download", form=form)


def test_names__one_per_line(dataset: Dataset) -> None:
    answer = download(dataset, "names", [5, 6])
    assert answer.content.decode() == "a/ä.png\nb.png\n"
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="set-')
    assert disposition.endswith('-rows-5-6.txt"')


def test_csv__every_column_and_no_formulas(dataset: Dataset) -> None:
    text = download(dataset, "csv", [0, 2, 5]).content.decode()
    header, *lines = csv.reader(io.StringIO(text))
    assert header == ["filename", "height", "width", "note", "x", "folder"]
    assert lines == [
        ["../up.png", "", "", "'-0", "-2.0", ".."],
        ["'=1+1.png", "", "", "'-2", "0.0", ""],
        ["a/ä.png", "4.0", "6.0", "'-5", "3.0", "a"],
    ]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@"])
def test_csv__no_formulas_in_headers_labels_and_names(api: Api, begin: str) -> None:
    some = described(api, {f"{begin}a.png": {"customMetaData": {f"{begin}b": 1}}, "z": {}})
    embed_some(some, [0, 1], np.eye(2, dtype=np.float32), [f"{begin}label", "other"])
    text = download(some, "csv", [0, 1]).content.decode()
    header, first, second = csv.reader(io.StringIO(text))
    assert header == ["filename", "label", f"'{begin}b"]
    assert sorted([first, second]) == sorted([[f"'{begin}a.png", f"'{begin}label", "1.0"], ["z", "other", ""]])


def test_csv__columns_of_the_same_title_are_told_apart(api: Api) -> None:
    some = described(api, {"a.png": {"metaData": {"snr": 1}, "customMetaData": {"snr": 2, "filename": "x"}}})
    assert list(csv.reader(io.StringIO(download(some, "csv", [0]).text))) == [
        ["filename", "metadata:snr", "custom:filename", "custom:snr"],
        ["a.png", "1.0", "x", "2.0"],
    ]


def test_csv__numbers_as_short_as_they_read_back(api: Api) -> None:
    some = described(api, {"a.png": {"customMetaData": {"x": 0.1}}, "b.png": {"customMetaData": {"x": 1e-30}}})
    assert [line[1] for line in csv.reader(io.StringIO(download(some, "csv", [0, 1]).text))] == ["x", "0.1", "1e-30"]


def test_json__the_same_table(dataset: Dataset) -> None:
    nothing = {"height": None, "width": None}
    assert download(dataset, "json", [2, 5]).json() == [
        {"filename": "=1+1.png", **nothing, "note": "-2", "x": 0, "folder": None},
        {"filename": "a/ä.png", "height": 4, "width": 6, "note": "-5", "x": 3, "folder": "a"},
    ]


@pytest.mark.parametrize("form", ["names", "csv", "json", "coco", "zip"])
def test_download__many_samples(api: Api, form: str) -> None:
    many = api.dataset()
    names = [f"{number:05d}.png" for number in range(5_001)]  # more than any part
    for start in range(0, len(names), 250):
        many.add(names[start : start + 250])
    tag = many.tag_all()
    answer = get(many, f"tags/{tag}/download", form=form)
    if form in {"names", "csv"}:
        assert answer.text.split() == (["filename"] if form == "csv" else []) + names
    elif form == "json":
        assert [one["filename"] for one in answer.json()] == names
    elif form == "coco":
        assert [one["file_name"] for one in answer.json()["images"]] == names
    else:
        text = zipfile.ZipFile(io.BytesIO(answer.content)).read("MISSING.txt").decode()
        assert text.splitlines()[2:] == names


def test_zip__images_below_the_folder_it_is_unpacked_to(dataset: Dataset) -> None:
    archive = zipfile.ZipFile(io.BytesIO(download(dataset, "zip", [*range(8)]).content))
    assert archive.testzip() is None
    of = ids(dataset)
    assert archive.namelist() == [
        f"up-{of[0]}.png",
        f"top-{of[1]}.png",
        "=1+1.png",
        f"a/b-{of[3]}.png",
        f"MISSING-{of[4]}.txt",
        "a/ä.png",
        f"c/d-{of[7]}.png",
        "MISSING.txt",
    ]
    for row, info in zip([0, 1, 2, 3, 4, 5, 7], archive.infolist(), strict=False):
        assert archive.read(info) == picture((8, 8), seed=row)
        assert info.compress_type == zipfile.ZIP_STORED
    assert archive.read("MISSING.txt").decode().splitlines()[-1] == "b.png"


def test_zip__whole_without_missing_ones(dataset: Dataset) -> None:
    archive = zipfile.ZipFile(io.BytesIO(download(dataset, "zip", [2]).content))
    assert archive.namelist() == ["=1+1.png"]


def test_labelling_tools__read_the_images(dataset: Dataset) -> None:
    [task] = download(dataset, "label-studio", [5]).json()
    [row] = download(dataset, "labelbox", [5]).json()
    assert (task["data"]["filename"], row["external_id"]) == ("a/ä.png", "a/ä.png")
    assert task["data"]["sample_id"] == row["global_key"] == ids(dataset)[5]
    for url in (task["data"]["image"], row["row_data"]):
        assert urlsplit(url).path.endswith("/%C3%A4.png")
        assert requests.get(url, timeout=9).content == picture((8, 8), seed=5)


def test_labelling_tools__what_an_export_lacks_is_said(dataset: Dataset) -> None:
    tag = dataset.tag("without an image", [5, 6])
    answer = ask(dataset, f"tags/{tag}/download", form="label-studio")
    assert answer.status_code == 422
    assert "'b.png' has no address of its image" in answer.json()["message"]


def test_labelling_tools__as_folders(dataset: Dataset) -> None:
    answer = download(dataset, "yolo", [2, 5])
    assert answer.headers["content-disposition"].endswith('-yolo.zip"')
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert "data.yaml" in names
    assert any(name.endswith("a/ä.png") for name in names)


def test_download__unknown(dataset: Dataset) -> None:
    answer = ask(dataset, f"tags/{'0' * 24}/download", form="zip")
    assert (answer.status_code, answer.json()["code"]) == (404, "TAG_UNKNOWN")
    tag = dataset.tags()["initial-tag"]["id"]
    answer = ask(dataset, f"tags/{tag}/download", form="exe")
    assert (answer.status_code, answer.json()["code"]) == (422, "MALFORMED_REQUEST")
    answer = ask(Dataset(dataset.api, "0" * 24), f"tags/{tag}/download")
    assert (answer.status_code, answer.json()["code"]) == (404, "DATASET_UNKNOWN")

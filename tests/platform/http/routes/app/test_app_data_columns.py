"""Columns, names and masks over HTTP, against what was uploaded."""

import gzip
from itertools import pairwise

import numpy as np
import pytest

from tests.platform.http.routes.app.reading import (
    ask,
    columns,
    describe,
    described,
    embed_some,
    get,
    mask_rows,
    values,
)
from tests.platform.served import Api, Dataset

# Sharpness is missing in one sample, no two figures are equal.
SAMPLES = {
    "a/1.png": {
        "metaData": {"sharpness": 2.5, "sizeInBytes": 30, "shape": [4, 6, 3]},
        "customMetaData": {"sky": "red"},
    },
    "a/2.png": {"metaData": {"sizeInBytes": 10, "shape": [5, 7, 3]}, "customMetaData": {"sky": "blue", "lens": 3}},
    "b/3.png": {"metaData": {"sharpness": -1.25, "sizeInBytes": 20}, "customMetaData": {"sky": "blue", "dark": True}},
    "ä.png": {"metaData": {"sharpness": 0.5, "is_corrupted": False, "corruption": ""}},
}


@pytest.fixture(scope="module")
def dataset(api: Api) -> Dataset:
    return described(api, SAMPLES)


def test_columns__are_what_was_uploaded(dataset: Dataset) -> None:
    listed = columns(dataset)
    assert {key: (it["title"], it["kind"], it["source"], it["missing"]) for key, it in listed.items()} == {
        "metadata:height": ("height", "number", "metadata", 2),
        "metadata:sharpness": ("sharpness", "number", "metadata", 1),
        "metadata:sizeInBytes": ("size in bytes", "number", "metadata", 1),
        "metadata:width": ("width", "number", "metadata", 2),
        "custom:dark": ("dark", "category", "custom", 3),
        "custom:lens": ("lens", "number", "custom", 3),
        "custom:sky": ("sky", "category", "custom", 1),
        "folder": ("folder", "category", "folder", 1),
    }
    assert (listed["metadata:sharpness"]["min"], listed["metadata:sharpness"]["max"]) == (-1.25, 2.5)
    assert listed["custom:sky"]["values"] == [["blue", 2], ["red", 1]]
    assert listed["folder"]["values"] == [["a", 2], ["b", 1]]
    assert listed["custom:dark"]["values"] == [["true", 1]]


def test_column__values_by_row(dataset: Dataset) -> None:
    assert values(dataset, "metadata:sharpness") == [2.5, None, -1.25, 0.5]
    assert values(dataset, "metadata:height") == [4, 5, None, None]
    assert values(dataset, "metadata:width") == [6, 7, None, None]
    assert values(dataset, "custom:lens") == [None, 3, None, None]
    assert values(dataset, "custom:sky") == ["red", "blue", "blue", None]
    assert values(dataset, "folder") == ["a", "a", "b", None]


def test_histogram__counts_over_the_range(api: Api) -> None:
    numbers = np.random.default_rng(0).normal(size=90).astype(np.float32)
    many = described(api, {f"{at:02d}.png": {"customMetaData": {"x": float(x)}} for at, x in enumerate(numbers)})
    assert columns(many)["custom:x"]["histogram"] == np.histogram(numbers.astype(np.float64), 40)[0].tolist()


def test_column__a_constant_one_is_offered(api: Api) -> None:
    constant = described(api, {name: {"customMetaData": {"x": 7}} for name in ("a.png", "b.png", "c.png")})
    column = columns(constant)["custom:x"]
    assert (column["min"], column["max"], column["histogram"]) == (7, 7, [3, *[0] * 39])


def test_column__cached_for_good_by_its_version_alone(dataset: Dataset) -> None:
    version = columns(dataset)["custom:sky"]["version"]
    right, wrong = (get(dataset, "column", key="custom:sky", v=v) for v in (version, "older"))
    assert "immutable" in right.headers["cache-control"]
    assert "no-cache" in wrong.headers["cache-control"]
    assert right.content == wrong.content


@pytest.mark.parametrize("key", ["custom:nothing", "score:0:x", "label:0", "metadata:mean", ""])
def test_column__unknown_key(dataset: Dataset, key: str) -> None:
    answer = ask(dataset, "column", key=key)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_columns__appended_samples_and_changes_are_in_a_new_version(api: Api) -> None:
    grows = described(api, {"b.png": {"customMetaData": {"x": 1}}})
    before = columns(grows)["custom:x"]
    describe(grows, {"a.png": {"customMetaData": {"x": 5, "y": "new"}}})
    assert columns(grows)["custom:x"] == before  # what has no row yet is not shown
    api.post(f"{grows.path}/tags/upsize", {"upsizeTagName": "more"})
    assert values(grows, "custom:x") == [1, 5]
    assert values(grows, "custom:y") == [None, "new"]
    after = columns(grows)["custom:x"]
    assert after["version"] != before["version"]
    sample = api.get(f"{grows.path}/mappings", field="_id")[0]
    api.call("PUT", f"{grows.path}/samples/{sample}", json={"customMetaData": {"x": 9}})
    assert values(grows, "custom:x") == [9, 5]
    assert columns(grows)["custom:x"]["version"] != after["version"]


def test_columns__a_new_tag_changes_none(api: Api) -> None:
    same = described(api, SAMPLES)
    before = columns(same)
    same.tag("some", [1, 2])
    assert columns(same) == before


def test_columns__before_the_first_tag_and_of_nothing(api: Api) -> None:
    untagged = described(api, SAMPLES, tagged=False)
    for empty in (untagged, api.dataset()):
        assert columns(empty) == {}
        assert get(empty, "names").content == bytes(4)


def test_scores__by_row_of_their_tag(api: Api) -> None:
    scored = api.dataset(5)
    tags = {"initial-tag": scored.tags()["initial-tag"]["id"], "some": scored.tag("some", [1, 4])}
    for name, numbers in (("initial-tag", [0.5, 0.25, 0.75, 1, 0]), ("some", [3, 7])):
        api.post(f"{scored.path}/tags/{tags[name]}/scores", {"scoreType": "margin", "scores": numbers})
    first, second = (f"score:{tags[name]}:margin" for name in ("initial-tag", "some"))
    listed = columns(scored)
    assert [listed[key]["title"] for key in (first, second)] == ["margin", "margin (some)"]
    assert values(scored, first) == [0.5, 0.25, 0.75, 1, 0]
    assert values(scored, second) == [None, 3, None, None, 7]
    assert (listed[second]["missing"], listed[second]["min"], listed[second]["max"]) == (3, 3, 7)
    api.post(f"{scored.path}/tags/{tags['some']}/scores", {"scoreType": "margin", "scores": [8, 2]})
    assert values(scored, second) == [None, 8, None, None, 2]
    assert columns(scored)[second]["version"] != listed[second]["version"]
    assert columns(scored)[first]["version"] == listed[first]["version"]
    api.call("PUT", f"{scored.path}/tags/{tags['some']}", json={"name": "other"})
    assert columns(scored)[second]["title"] == "margin (other)"
    assert values(scored, second) == [None, 8, None, None, 2]


def test_scores__of_the_initial_tag_cover_its_first_samples_when_it_has_grown(api: Api) -> None:
    grows = api.dataset(2)
    tag = grows.tags()["initial-tag"]["id"]
    api.post(f"{grows.path}/tags/{tag}/scores", {"scoreType": "margin", "scores": [0.5, 0.25]})
    columns(grows)
    grows.add(["a-first-by-name.png"])
    api.post(f"{grows.path}/tags/upsize", {"upsizeTagName": "more"})
    assert values(grows, f"score:{tag}:margin") == [0.5, 0.25, None]


def test_scores__of_a_tag_that_grew_anywhere_are_not_shown(api: Api) -> None:
    marked = api.dataset(4)
    mark = f"{marked.path}/tags/cannot-be-labelled"
    tag = api.post(mark, {"fileNames": ["b-01.png", "b-03.png"]})["id"]
    api.post(f"{marked.path}/tags/{tag}/scores", {"scoreType": "margin", "scores": [1, 2]})
    assert values(marked, f"score:{tag}:margin") == [None, 1, None, 2]
    api.post(mark, {"fileNames": ["b-02.png"]})
    assert columns(marked) == {}
    assert ask(marked, "column", key=f"score:{tag}:margin").status_code == 404


def test_labels__of_the_newest_embedding_that_has_some(api: Api) -> None:
    labelled = api.dataset(4)
    vectors = np.eye(4, dtype=np.float32)
    old = embed_some(labelled, [3, 0, 1], vectors[:3], ["cat", "dog", "cat"])
    assert values(labelled, f"label:{old}") == ["dog", "cat", None, "cat"]
    embed_some(labelled, [0, 1], vectors[:2])  # a newer one without labels
    assert [key for key in columns(labelled) if key.startswith("label:")] == [f"label:{old}"]
    new = embed_some(labelled, [0, 1, 2, 3], vectors, ["0", "1", "1", "0"])
    assert [key for key in columns(labelled) if key.startswith("label:")] == [f"label:{new}"]
    assert values(labelled, f"label:{new}") == ["0", "1", "1", "0"]


def test_names__offsets_and_text(dataset: Dataset) -> None:
    content = get(dataset, "names").content
    offsets = np.frombuffer(content, "<u4", 5)
    texts = content[20:]
    assert [texts[start:end].decode() for start, end in pairwise(offsets)] == list(SAMPLES)
    assert offsets[-1] == len(texts)


def test_names__gzipped_for_those_that_take_it(dataset: Dataset) -> None:
    plain = get(dataset, "names", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    zipped = ask(dataset, "names", headers={"accept-encoding": "gzip"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.content == plain.content != gzip.compress(plain.content)


@pytest.mark.parametrize("rows", [[0], [7], [8], [0, 3, 9], [*range(10)]])
def test_mask__bits_by_row(api: Api, rows: list[int]) -> None:
    ten = api.dataset(10)
    content = get(ten, f"tags/{ten.tag('some', rows)}/mask").content
    assert len(content) == 2
    assert mask_rows(content) == rows


def test_routes__of_unknown_datasets_and_tags(api: Api) -> None:
    nothing = Dataset(api, "0" * 24)
    for path in ("columns", "column?key=folder", "names", f"tags/{'0' * 24}/mask"):
        answer = ask(nothing, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "DATASET_UNKNOWN")
    other = api.dataset(1).tags()["initial-tag"]["id"]
    answer = ask(api.dataset(1), f"tags/{other}/mask")
    assert (answer.status_code, answer.json()["code"]) == (404, "TAG_UNKNOWN")

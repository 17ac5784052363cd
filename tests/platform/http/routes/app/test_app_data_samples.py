"""Tiles, one sample, thumbnails and images over HTTP."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.platform.http.routes.app.reading import ask, columns, described, embed_some, get, picture, put_files
from tests.platform.served import PNG, Api, Dataset

JPEG, THUMB = picture((300, 600), "jpeg", seed=1), picture((40, 30), "webp", seed=2)


@pytest.fixture(scope="module")
def dataset(api: Api) -> Dataset:
    """Six samples: with image and thumbnail, image, neither, thumbnail, a broken image, a TIFF."""
    dataset = described(
        api, {f"{row}.png": {"metaData": {"snr": row}, "customMetaData": {"x": "y"}} for row in range(6)}
    )
    put_files(dataset, 0, full=JPEG, thumb=THUMB)
    put_files(dataset, 1, full=JPEG)
    put_files(dataset, 3, thumb=THUMB)
    put_files(dataset, 4, full=PNG + b"and no more")
    put_files(dataset, 5, full=picture((50, 20), "tiff"))
    return dataset


def tiles(dataset: Dataset, rows: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = get(dataset, "samples", rows=rows).json()
    return listed


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_samples__in_the_order_asked_for(dataset: Dataset) -> None:
    ids = dataset.api.get(f"{dataset.path}/mappings", field="_id")
    found = tiles(dataset, "4,0,2,0")
    assert [(it["row"], it["id"], it["name"]) for it in found] == [
        (row, ids[row], f"{row}.png") for row in (4, 0, 2, 0)
    ]
    assert set(found[0]) == {"row", "id", "name", "thumbnail"}


def test_samples__versions_of_thumbnails(dataset: Dataset) -> None:
    first, second, third, fourth, fifth, _ = (it["thumbnail"] for it in tiles(dataset, "0,1,2,3,4,5"))
    assert third is None
    assert first == fourth  # the same thumbnail
    assert len({first, second, fifth}) == 3


def test_samples__another_thumbnail_is_another_version(api: Api) -> None:
    one = api.dataset(1)
    versions = []
    for seed in (1, 2):
        put_files(one, 0, thumb=picture((9, 8), seed=seed))
        versions += [tiles(one, "0")[0]["thumbnail"]]
    assert versions[0] != versions[1]


@pytest.mark.parametrize(
    ("rows", "word"),
    [("6", "row 6"), ("1,999999999999999", "999999999999999"), ("", "whole"), ("1,-1", "-1"), ("1,x", "'x'"),
     ("1.0", "1.0"), ("²", "²"), ("9" * 30, "999"), (",".join(["0"] * 501), "500")],
)  # fmt: skip
def test_samples__bad_rows(dataset: Dataset, rows: str, word: str) -> None:
    answer = ask(dataset, "samples", rows=rows)
    assert answer.status_code == 422
    assert word in answer.json()["message"]


def test_samples__as_many_as_allowed(dataset: Dataset) -> None:
    assert len(tiles(dataset, ",".join(["5"] * 500))) == 500


def test_sample__all_that_is_known(api: Api) -> None:
    some = described(api, {name: {"customMetaData": {"x": name}} for name in ("a.png", "b.png", "c.png")})
    sample = api.get(f"{some.path}/mappings", field="_id")[1]
    api.call("PUT", f"{some.path}/samples/{sample}", json={"metaData": {"snr": 1.5}, "exif": {"Make": "ä"}})
    put_files(some, 1, full=JPEG)
    inside, outside = some.tag("inside", [1, 2]), some.tag("outside", [0])
    for tag, scores in ((inside, [0.25, 0.5]), (outside, [1])):
        api.post(f"{some.path}/tags/{tag}/scores", {"scoreType": "margin", "scores": scores})
    embedding = embed_some(some, [1, 0], np.eye(2, dtype=np.float32), ["cat", "dog"])
    shown = get(some, "samples/1").json()
    assert shown.pop("createdAt") > 0
    assert shown.pop("thumbnail") == tiles(some, "1")[0]["thumbnail"]
    assert shown == {
        "row": 1,
        "id": sample,
        "name": "b.png",
        "metadata": {"snr": 1.5},
        "custom": {"x": "b.png"},
        "exif": {"Make": "ä"},
        "image": True,
        "bytes": len(JPEG),
        "tags": [some.tags()["initial-tag"]["id"], inside],
        "scores": [{"key": f"score:{inside}:margin", "title": "margin (inside)", "value": 0.25}],
        "labels": [{"key": f"label:{embedding}", "title": "label", "value": "cat"}],
        "annotations": [],
        "predicted": None,
    }
    assert {it["key"] for it in shown["scores"] + shown["labels"]} <= set(columns(some))
    bare = get(some, "samples/2").json()
    assert (bare["image"], bare["bytes"], bare["labels"], bare["scores"][0]["value"]) == (False, None, [], 0.5)


@pytest.mark.parametrize("count", [1, 3, 4, 5, 9])
def test_sample__tags_it_is_in(api: Api, count: int) -> None:
    some = api.dataset(count)
    tags = {some.tags()["initial-tag"]["id"]: range(count)}
    for row in range(count):
        tags[some.tag(f"only {row}", [row])] = range(row, row + 1)
    for row in range(count):
        assert get(some, f"samples/{row}").json()["tags"] == [tag for tag, rows in tags.items() if row in rows]


def test_thumbnail__uploaded_as_it_is(dataset: Dataset) -> None:
    for row in (0, 3):
        answer = get(dataset, f"thumbnails/{row}")
        assert (answer.content, answer.headers["content-type"]) == (THUMB, "image/webp")


def test_thumbnail__made_of_the_image(dataset: Dataset) -> None:
    answer = get(dataset, "thumbnails/1")
    assert answer.headers["content-type"] == "image/webp"
    made = opened(answer.content)
    assert (made.format, made.size) == ("WEBP", (96, 192))
    grey = [np.asarray(image.convert("L"), float).mean() for image in (made, opened(JPEG))]
    assert abs(grey[0] - grey[1]) < 2
    assert get(dataset, "thumbnails/1").content == answer.content


def test_thumbnail__kept_until_the_image_is_another(api: Api) -> None:
    one = api.dataset(1)
    put_files(one, 0, full=picture((20, 10)))
    assert opened(get(one, "thumbnails/0").content).size == (20, 10)
    put_files(one, 0, full=picture((10, 30)))
    assert opened(get(one, "thumbnails/0").content).size == (10, 30)


def test_thumbnail__cached_for_good_by_its_version_alone(dataset: Dataset) -> None:
    version = tiles(dataset, "1")[0]["thumbnail"]
    assert get(dataset, "thumbnails/1", v=version).headers["cache-control"] == "private, max-age=31536000, immutable"
    assert get(dataset, "thumbnails/1", v="older").headers["cache-control"] == "private, no-cache"


def test_thumbnail__none_and_broken(dataset: Dataset) -> None:
    assert ask(dataset, "thumbnails/2").status_code == 404
    broken = ask(dataset, "thumbnails/4")
    assert broken.status_code == 422
    assert "4.png" in broken.json()["message"]


def test_image__as_uploaded_and_never_a_page(dataset: Dataset) -> None:
    answer = get(dataset, "images/0")
    assert (answer.content, answer.headers["content-type"]) == (JPEG, "image/jpeg")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert ask(dataset, "images/2").status_code == ask(dataset, "images/3").status_code == 404


def test_image__a_page_is_only_bytes(api: Api) -> None:
    one = api.dataset(1)
    put_files(one, 0, full=b"<html><script>alert(1)</script></html>")
    assert get(one, "images/0").headers["content-type"] == "application/octet-stream"
    assert ask(one, "images/0", show=1).status_code == 422


def test_image__shown_where_browsers_cannot(dataset: Dataset) -> None:
    assert get(dataset, "images/5").headers["content-type"] == "image/tiff"
    shown = get(dataset, "images/5", show=1)
    assert shown.headers["content-type"] == "image/webp"
    assert opened(shown.content).size == (50, 20)
    assert get(dataset, "images/0", show=1).content == JPEG


@pytest.mark.parametrize("path", ["samples", "thumbnails", "images"])
@pytest.mark.parametrize("row", ["6", "-1", "99999999999999999999", "x"])
def test_row__none_of_the_datasets(dataset: Dataset, path: str, row: str) -> None:
    answer = ask(dataset, f"{path}/{row}")
    assert answer.status_code == (422 if row == "x" else 404)
    assert answer.json()["code"] == ("MALFORMED_REQUEST" if row == "x" else "SAMPLE_UNKNOWN")


def test_row__of_an_unknown_dataset(api: Api) -> None:
    nothing = Dataset(api, "0" * 24)
    for path in ("samples/0", "thumbnails/0", "images/0", "samples?rows=0"):
        answer = ask(nothing, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "DATASET_UNKNOWN")


def test_row__of_what_is_not_tagged_yet(api: Api) -> None:
    assert ask(api.dataset(3, tagged=False), "samples/0").status_code == 404

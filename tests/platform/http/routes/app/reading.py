"""What the tests of the web app's data read with."""

import io
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import requests
from PIL import Image

from tests.platform.browser import Browser
from tests.platform.served import Api, Dataset


@cache
def _signed_in(url: str, token: str) -> Browser:
    browser = Browser(url)
    browser.sign_in(token=token)
    return browser


def ask(dataset: Dataset, path: str, verb: str = "GET", **query: Any) -> requests.Response:
    """Any answer of the web app's routes of a dataset."""
    headers = query.pop("headers", {})
    browser = _signed_in(dataset.api.url, dataset.api.token)
    return browser.send(verb, f"datasets/{dataset.id}/{path}", params=query, headers=headers)


def get(dataset: Dataset, path: str, **query: Any) -> requests.Response:
    """An answer that must be good."""
    answer = ask(dataset, path, **query)
    assert answer.ok, f"{path}: {answer.status_code} {answer.text}"
    return answer


def columns(dataset: Dataset) -> dict[str, dict[str, Any]]:
    """All columns by key."""
    return {column["key"]: column for column in get(dataset, "columns").json()}


def values(dataset: Dataset, key: str) -> list[Any]:
    """A column's values by row: numbers or texts, None where missing."""
    column = columns(dataset)[key]
    content = get(dataset, "column", key=key, v=column["version"]).content
    if column["kind"] == "number":
        return [None if np.isnan(value) else float(value) for value in np.frombuffer(content, "<f4")]
    texts = [text for text, _ in column["values"]]
    return [None if code == 65_535 else texts[code] for code in np.frombuffer(content, "<u2")]


def described(api: Api, samples: Mapping[str, Any], *, tagged: bool = True) -> Dataset:
    """A dataset of samples with these descriptions."""
    dataset = Dataset(api, api.dataset().id)
    describe(dataset, samples)
    if tagged:
        dataset.tag_all()
    return dataset


def describe(dataset: Dataset, samples: Mapping[str, Any]) -> None:
    items = json.dumps([{"fileName": name, **more} for name, more in samples.items()])
    answers = dataset.api.call("POST", f"{dataset.path}/samples/batch", files={"samples": (None, items)})
    assert all("id" in answer for answer in answers), answers


def put_files(dataset: Dataset, row: int, *, full: bytes | None = None, thumb: bytes | None = None) -> None:
    """Upload the image of a row, or its thumbnail."""
    sample = dataset.api.get(f"{dataset.path}/mappings", field="_id")[row]
    urls = dataset.api.get(f"{dataset.path}/samples/{sample}/writeurls")
    for kind, content in (("full", full), ("thumb", thumb)):
        if content is not None:
            assert requests.put(urls[kind], data=content, timeout=30).status_code == 200


def picture(size: tuple[int, int], form: str = "png", *, seed: int = 0) -> bytes:
    """An image file of grain."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, form)
    return out.getvalue()


def mask_rows(content: bytes) -> list[int]:
    """The rows of a mask's bytes."""
    return [row for row in range(8 * len(content)) if content[row >> 3] >> row % 8 & 1]


def embed_some(dataset: Dataset, rows: Sequence[int], vectors: np.ndarray, labels: Sequence[str] = ()) -> str:
    """Upload vectors of some rows, in this order, with labels; return the embedding's id."""
    names = dataset.names()
    header = ",".join(["filenames", *(f"embedding_{axis}" for axis in range(vectors.shape[1])), "labels"])
    lines = [
        ",".join([names[row], *map(str, vector), label])
        for row, vector, label in zip(rows, vectors, labels or ["0"] * len(rows), strict=True)
    ]
    where = dataset.api.get(f"{dataset.path}/embeddings/writeCSVUrl", name=f"of-{len(rows)}")
    answer = requests.put(where["signedWriteUrl"], data="\n".join([header, *lines, ""]).encode(), timeout=60)
    assert answer.status_code == 200, answer.text
    return str(where["embeddingId"])

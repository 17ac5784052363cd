"""Embeddings over HTTP: CSV and Parquet in, CSV out, the descriptor."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import requests

from tests.platform.served import Api, Dataset, read_csv

VECTORS = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


def put_parquet(dataset: Dataset, names: list[str], rows: np.ndarray, name: str = "default") -> requests.Response:
    table = pa.table({"filename": names, "embedding": pa.FixedSizeListArray.from_arrays(rows.ravel(), rows.shape[1])})
    file = io.BytesIO()
    pq.write_table(table, file)
    where = dataset.api.get(f"{dataset.path}/embeddings/writeUrl", name=name, format="parquet")
    return requests.put(where["signedWriteUrl"], data=file.getvalue(), timeout=30)


def holds(dataset: Dataset, embedding_id: str, names: list[str], vectors: np.ndarray) -> bool:
    url = dataset.api.get(f"{dataset.path}/embeddings/{embedding_id}/readCSVUrl")
    found, numbers = read_csv(requests.get(url, timeout=30).text)
    return found == names and np.array_equal(numbers, vectors)


def test_csv__comes_back_as_it_was(api: Api) -> None:
    dataset = api.dataset(5)
    embedding = dataset.embed(VECTORS)
    assert holds(dataset, embedding, dataset.names(), VECTORS)


def test_csv__rows_in_any_order(api: Api) -> None:
    dataset = api.dataset(5)
    shuffled = [3, 0, 4, 1, 2]
    embedding = dataset.embed(VECTORS[shuffled], [dataset.names()[row] for row in shuffled])
    assert holds(dataset, embedding, dataset.names(), VECTORS)


def test_list_embeddings__uploaded_ones_oldest_first(api: Api) -> None:
    dataset = api.dataset(5)
    first, second = (dataset.embed(VECTORS, name=name) for name in ("z-first", "a-second"))
    api.get(f"{dataset.path}/embeddings/writeCSVUrl", name="never-uploaded")
    listed = api.get(f"{dataset.path}/embeddings")
    assert [one["id"] for one in listed] == [first, second]
    assert {"id", "name", "isProcessed", "createdAt"} <= set(listed[0])


def test_write_url__the_same_name_is_the_same_embedding(api: Api) -> None:
    dataset = api.dataset(5)
    first = dataset.embed(VECTORS)
    assert dataset.embed(VECTORS * 2) == first
    assert holds(dataset, first, dataset.names(), VECTORS * 2)


def test_parquet__a_subset_in_any_order(api: Api) -> None:
    dataset = api.dataset(5)
    assert put_parquet(dataset, ["b-03.png", "b-00.png"], VECTORS[[3, 0]]).status_code == 200
    [embedding] = api.get(f"{dataset.path}/embeddings")
    assert holds(dataset, embedding["id"], ["b-00.png", "b-03.png"], VECTORS[[0, 3]])


def test_upload__refused_upload_keeps_the_last_one(api: Api) -> None:
    dataset = api.dataset(5)
    embedding = dataset.embed(VECTORS)
    answer = put_parquet(dataset, ["b-00.png", "nobody.png"], VECTORS[:2])
    assert (answer.status_code, answer.json()["code"]) == (422, "EMBEDDING_INVALID")
    assert "nobody.png" in answer.json()["message"]
    assert holds(dataset, embedding, dataset.names(), VECTORS)


def test_read_csv_url__before_the_upload(api: Api) -> None:
    dataset = api.dataset(5)
    embedding = api.get(f"{dataset.path}/embeddings/writeCSVUrl", name="asked")["embeddingId"]
    path = f"{dataset.path}/embeddings/{embedding}/readCSVUrl"
    assert api.refused("GET", path)[:2] == (409, "EMBEDDING_NOT_READY")
    unknown = f"{api.dataset(1).path}/embeddings/{embedding}/readCSVUrl"
    assert api.refused("GET", unknown)[:2] == (404, "EMBEDDING_UNKNOWN")


def test_descriptor__byte_for_byte(api: Api) -> None:
    dataset = api.dataset(5)
    path = f"{dataset.path}/embeddings/{dataset.embed(VECTORS)}/descriptor"
    assert api.refused("GET", path)[0] == 404
    content = bytes(range(256)) * 9
    api.call("PUT", path, data=content)
    assert api.send("GET", path).content == content

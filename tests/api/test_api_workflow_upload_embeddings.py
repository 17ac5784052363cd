"""Embeddings on a running platform: from arrays and CSV, for all samples or some."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import requests

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.api.api_workflow_upload_embeddings import read_embeddings_csv
from lightly_ray.errors import InvalidInputError, NotFoundError
from tests.platform.served import csv_text

VECTORS = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)


def reversed_names(client: ApiWorkflowClient) -> list[str]:
    return client.get_filenames()[::-1]


def test_from_arrays__comes_back_in_the_order_of_the_dataset(uploaded: ApiWorkflowClient, tmp_path: Path) -> None:
    uploaded.upload_embeddings_from_arrays(reversed_names(uploaded), VECTORS, "mine", metadata={"made": "by hand"})
    (embedding,) = uploaded.get_all_embedding_data()
    assert (embedding.name, embedding.is_processed) == ("mine", True)
    assert embedding.id == uploaded.embedding_id
    uploaded.download_embeddings_csv(tmp_path / "e.csv")
    found = read_embeddings_csv(tmp_path / "e.csv")
    assert found.filenames == uploaded.get_filenames()
    np.testing.assert_array_equal(found.embeddings.astype(np.float32), VECTORS[::-1])


def test_from_arrays__some_samples_are_enough(uploaded: ApiWorkflowClient, tmp_path: Path) -> None:
    names = reversed_names(uploaded)[2:7]
    uploaded.upload_embeddings_from_arrays(names, VECTORS[2:7].astype(np.float64))
    uploaded.download_embeddings_csv(tmp_path / "e.csv")
    assert read_embeddings_csv(tmp_path / "e.csv").filenames == names[::-1]


def test_from_arrays__what_is_refused(uploaded: ApiWorkflowClient) -> None:
    names = reversed_names(uploaded)
    with pytest.raises(NotFoundError, match=r"1 of 12 embeddings are of files that are not in the dataset.*'x\.png'"):
        uploaded.upload_embeddings_from_arrays(["x.png", *names[1:]], VECTORS)
    with pytest.raises(InvalidInputError, match="more than one embedding"):
        uploaded.upload_embeddings_from_arrays([names[1], *names[1:]], VECTORS)
    bad = VECTORS.copy()
    bad[3, 2] = np.nan
    with pytest.raises(InvalidInputError, match=f"the first is of '{names[3]}'"):
        uploaded.upload_embeddings_from_arrays(names, bad)
    assert uploaded.get_all_embedding_data() == []


def test_from_arrays__same_name_joins_the_rows_as_a_file_does(uploaded: ApiWorkflowClient, tmp_path: Path) -> None:
    names = uploaded.get_filenames()
    uploaded.upload_embeddings_from_arrays(names, VECTORS)
    for shift in (1, 2):  # in one second
        uploaded.upload_embeddings_from_arrays(names[:2], VECTORS[:2] + shift)
    uploaded.download_embeddings_csv(tmp_path / "out.csv")
    found = read_embeddings_csv(tmp_path / "out.csv").embeddings.astype(np.float32)
    np.testing.assert_array_equal(found, np.concatenate([VECTORS[:2] + 2, VECTORS[2:]]))
    have = [one.name for one in uploaded.get_all_embedding_data()]
    assert len(set(have)) == 3
    assert all(name.startswith("default_2") for name in have[1:])
    with pytest.raises(InvalidInputError, match="give it another name"):
        uploaded.upload_embeddings_from_arrays(names[:2], np.ones((2, 3)))
    uploaded.upload_embeddings_from_arrays(names, np.ones((12, 3)))  # nothing of the older ones is left


def test_from_arrays__after_images_were_appended(uploaded: ApiWorkflowClient, images: Path, tmp_path: Path) -> None:
    names = uploaded.get_filenames()
    uploaded.upload_embeddings_from_arrays(names, VECTORS)
    shutil.copytree(images / "dogs", tmp_path / "more" / "ants")
    uploaded.upload_dataset(tmp_path / "more", mode="full")
    more = [f"ants/{number}.png" for number in range(6)]
    new = VECTORS[:7] + 1
    uploaded.upload_embeddings_from_arrays([*more, names[2]], new, "with ants", extends="default")
    uploaded.download_embeddings_csv(tmp_path / "out.csv")
    found = read_embeddings_csv(tmp_path / "out.csv")
    assert found.filenames == uploaded.get_filenames() == names + more
    expected = np.concatenate([VECTORS[:2], new[6:], VECTORS[3:], new[:6]])
    np.testing.assert_array_equal(found.embeddings.astype(np.float32), expected)
    with pytest.raises(NotFoundError, match="no embedding 'defaul'"):
        uploaded.upload_embeddings_from_arrays(more, new[:6], "never", extends="defaul")


def test_csv__same_numbers_as_arrays(uploaded: ApiWorkflowClient, tmp_path: Path) -> None:
    names = reversed_names(uploaded)
    labels = [str(n) for n in range(12)]
    text = iter(csv_text(names, VECTORS.astype(np.float64)).split(",0\r\n"))
    (tmp_path / "in.csv").write_text("".join(f"{line},{label}\r\n" for line, label in zip(text, labels, strict=False)))
    uploaded.upload_embeddings(tmp_path / "in.csv", "from csv")
    uploaded.download_embeddings_csv(tmp_path / "out.csv")
    found = read_embeddings_csv(tmp_path / "out.csv")
    assert (found.filenames, found.labels) == (names[::-1], labels[::-1])
    np.testing.assert_array_equal(found.embeddings.astype(np.float32), VECTORS[::-1])


def test_csv__same_name_joins_the_rows(uploaded: ApiWorkflowClient, tmp_path: Path) -> None:
    names = reversed_names(uploaded)
    uploaded.upload_embeddings_from_arrays(names[:8], VECTORS[:8])
    (tmp_path / "in.csv").write_text(csv_text(names[6:], VECTORS[6:].astype(np.float64) + 1))
    uploaded.upload_embeddings(tmp_path / "in.csv", "default")
    old, new = uploaded.get_all_embedding_data()
    assert old.name == "default"
    assert new.name.startswith("default_20")
    assert uploaded.embedding_id == new.id
    uploaded.download_embeddings_csv(tmp_path / "out.csv")
    expected = np.concatenate([VECTORS[:6], VECTORS[6:] + 1])[::-1]
    np.testing.assert_allclose(read_embeddings_csv(tmp_path / "out.csv").embeddings, expected, rtol=1e-6)
    (tmp_path / "in.csv").write_text(csv_text(names[:1], np.ones((1, 3))))
    with pytest.raises(InvalidInputError, match="has 5 dimensions, the new one has 3"):
        uploaded.upload_embeddings(tmp_path / "in.csv", "default")


def test_embedding_id__by_name_or_the_newest(uploaded: ApiWorkflowClient) -> None:
    with pytest.raises(RuntimeError, match="has no embedding yet"):
        uploaded.set_embedding_id_to_latest()
    ids = {}
    for name in ("one", "two"):
        uploaded.upload_embeddings_from_arrays(uploaded.get_filenames(), VECTORS, name)
        ids[name] = uploaded.embedding_id
    uploaded.set_embedding_id_by_name("one")
    assert uploaded.embedding_id == ids["one"]
    uploaded.set_embedding_id_by_name()
    assert uploaded.embedding_id == ids["two"]
    assert uploaded.get_embedding_by_name("tw").id == ids["two"]
    uploaded.upload_embeddings_from_arrays(uploaded.get_filenames(), VECTORS, "two_later")
    assert uploaded.get_embedding_by_name("two").name == "two_later"
    assert uploaded.get_embedding_by_name("two", ignore_suffix=False).id == ids["two"]
    with pytest.raises(ValueError, match=r"no embedding 'tw' in this dataset \(it has 'one', 'two', 'two_later'\)"):
        uploaded.get_embedding_data_by_name("tw")


def test_listing__the_last_is_the_newest_and_for_later_published_clients_the_first(uploaded: ApiWorkflowClient) -> None:
    for name in ("one", "two", "three"):
        uploaded.upload_embeddings_from_arrays(uploaded.get_filenames(), VECTORS, name)
    url = f"{uploaded.server}/v1/datasets/{uploaded.dataset_id}/embeddings"
    auth = uploaded.transport._auth
    listed = {
        agent: [one["name"] for one in requests.get(url, auth=auth, headers={"User-Agent": agent}, timeout=30).json()]
        for agent in ("Swagger-Codegen/1.0.0/python", "Lightly/1.4.6 (Linux) python/3.11")
    }
    assert list(listed.values()) == [["one", "two", "three"], ["three", "two", "one"]]


def test_descriptor__is_kept_with_its_embedding(uploaded: ApiWorkflowClient) -> None:
    uploaded.upload_embeddings_from_arrays(uploaded.get_filenames(), VECTORS)
    with pytest.raises(NotFoundError):
        uploaded.download_descriptor()
    uploaded.upload_descriptor(b"\x00npz\xff")
    assert uploaded.download_descriptor() == b"\x00npz\xff"


def test_dataset__switching_forgets_the_embedding(uploaded: ApiWorkflowClient) -> None:
    uploaded.upload_embeddings_from_arrays(uploaded.get_filenames(), VECTORS)
    uploaded.create_new_dataset_with_unique_name("other")
    assert uploaded.embedding_id is None

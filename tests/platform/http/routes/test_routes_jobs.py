"""Selections over HTTP, computed by a worker with its runner: the tags they end in, and how they fail."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from lightly_ray.bitmask import BitMask
from lightly_ray.parallel.selection.select import select
from lightly_ray.platform.jobs.worker import Worker
from lightly_ray.platform.storage.store import jobs
from tests.platform.served import Api, Dataset, body, ended

VECTORS = np.random.default_rng(5).normal(size=(30, 4)).astype(np.float32)
SCORES = np.random.default_rng(6).random(30)


@pytest.fixture
def dataset(api: Api) -> Dataset:
    return api.dataset(30)


def finished(dataset: Dataset, job_id: str) -> dict[str, Any]:
    """The tag of a job that succeeds."""
    job = ended(dataset.api, job_id)
    assert job["status"] == "FINISHED", job
    assert job["result"]["type"] == "SAMPLING"
    tag: dict[str, Any] = dataset.api.get(f"{dataset.path}/tags/{job['result']['data']}")
    return tag


def tag_mask(names: list[str], chosen: Sequence[str | int]) -> str:
    return BitMask.from_rows([names.index(str(name)) for name in chosen]).to_hex()


def put_scores(dataset: Dataset, tag_id: str, values: np.ndarray, score_type: str = "uncertainty_margin") -> str:
    scores = {"scoreType": score_type, "scores": values.tolist()}
    return str(dataset.api.post(f"{dataset.path}/tags/{tag_id}/scores", scores)["id"])


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("method", ["RANDOM", "CORESET", "coreset", "CORAL", "ACTIVE_LEARNING"])
def test_sampling__is_what_select_gives(dataset: Dataset, method: str) -> None:
    names, first = dataset.names(), dataset.tags()["initial-tag"]["id"]
    embedding = dataset.embed(VECTORS)
    before = dataset.tag("before", [3, 11])
    query = dataset.tag("query", range(25))
    scores = None
    if method in {"CORAL", "ACTIVE_LEARNING"}:
        scores = SCORES
        put_scores(dataset, query, SCORES[:25])
    tags = {"queryTagId": query, "preselectedTagId": before, "rowCount": 30}
    tag = finished(dataset, dataset.sampling(embedding, "chosen", method, 7, seed=4, **tags))
    expected = select(
        VECTORS,
        7,
        method,
        ids=names,
        preselected=[names[3], names[11]],
        query=names[:25],
        scores=scores,
        seed=4,
        progress=False,
    )
    assert dataset.names_of(tag["id"]) == sorted(expected.ids)
    assert (tag["prevTagId"], tag["preselectedTagId"], tag["queryTagId"]) == (before, before, query)
    provenance = dataset.api.get(f"{dataset.path}/tags/{tag['id']}/provenance")
    assert provenance["creator"] == f"SAMPLER_{method.upper()}"
    assert provenance["parameters"] == {
        "n_samples": 7,
        "min_distance": None,
        "seed": 4,
        "normalize": False,
        "random_share": 0,
    }
    assert provenance["random_mask"] == (tag_mask(names, expected.added_ids) if method == "RANDOM" else "0x0")
    assert provenance["certificate"] == {
        "radius": expected.radius,
        "lower_bound": expected.lower_bound,
        "factor": expected.factor,
    }
    assert provenance["embedding"]["id"] == embedding
    assert (provenance["score"] is None) == (scores is None)
    assert first != query


@pytest.mark.usefixtures("worker")
def test_sampling__without_query_and_preselected(dataset: Dataset) -> None:
    tag = finished(dataset, dataset.sampling(dataset.embed(VECTORS), "a share", "CORESET", 0.25))
    assert len(dataset.names_of(tag["id"])) == 8  # ceil(0.25 x 30)
    assert tag["prevTagId"] == dataset.tags()["initial-tag"]["id"]
    assert tag["preselectedTagId"] is None


@pytest.mark.usefixtures("worker")
def test_sampling__stops_by_distance(dataset: Dataset) -> None:
    expected = select(VECTORS, 30, "coreset", ids=dataset.names(), min_distance=2.5, progress=False)
    job = dataset.sampling(dataset.embed(VECTORS), "by distance", "CORESET", -1, min_distance=2.5)
    tag = finished(dataset, job)
    assert dataset.names_of(tag["id"]) == sorted(expected.ids)
    assert dataset.api.get(f"{dataset.path}/tags/{tag['id']}/provenance")["stop_reason"] == "min_distance"


@pytest.mark.usefixtures("worker")
def test_sampling__the_same_request_is_the_same_job(dataset: Dataset) -> None:
    embedding = dataset.embed(VECTORS)
    job = dataset.sampling(embedding, "once", "CORESET", 5)
    assert dataset.sampling(embedding, "once", "CORESET", 5) == job
    finished(dataset, job)
    assert dataset.sampling(embedding, "once", "CORESET", 5) == job
    path = f"{dataset.path}/embeddings/{embedding}/sampling"
    assert dataset.api.refused("POST", path, json=body("once", "CORESET", 6))[:2] == (409, "TAG_NAME_EXISTS")
    assert list(dataset.tags()) == ["initial-tag", "once"]


def test_sampling__reserves_the_name_and_pins_its_tag(dataset: Dataset, worker: Worker) -> None:
    embedding, before = dataset.embed(VECTORS), dataset.tag("before", [3])
    with worker.store.database.write():  # no worker claims while this transaction is open, on SQLite
        pass
    job = dataset.sampling(embedding, "wanted", "CORESET", 5, preselectedTagId=before)
    tag = {"name": "wanted", "prevTagId": before, "bitMaskData": "0x1"}
    assert dataset.api.refused("POST", f"{dataset.path}/tags", json=tag)[1] == "TAG_NAME_EXISTS"
    assert dataset.api.refused("DELETE", f"{dataset.path}/tags/{before}", json={})[1] == "TAG_UNDELETABLE_NOT_A_LEAF"
    finished(dataset, job)


@pytest.mark.usefixtures("worker")
def test_sampling__a_sample_without_embedding_is_named(dataset: Dataset) -> None:
    names = dataset.names()
    embedding = dataset.embed(VECTORS[:-2], names[:-2])
    job = ended(dataset.api, dataset.sampling(embedding, "fails", "CORESET", 5))
    assert job["status"] == "FAILED"
    assert "2 of 30 samples have no embedding" in job["error"]
    assert names[-2] in job["error"]
    assert list(dataset.tags()) == ["initial-tag"]
    again = dataset.sampling(dataset.embed(VECTORS), "fails", "CORESET", 5)  # the name is free again
    assert again != job["id"]
    finished(dataset, again)


@pytest.mark.usefixtures("worker")
def test_sampling__random_needs_no_embedding(dataset: Dataset) -> None:
    embedding = dataset.embed(VECTORS[:1], dataset.names()[:1])
    tag = finished(dataset, dataset.sampling(embedding, "drawn", "RANDOM", 4))
    assert dataset.names_of(tag["id"]) == sorted(select(VECTORS, 4, "random", ids=dataset.names(), progress=False).ids)


@pytest.mark.usefixtures("worker")
def test_sampling__a_part_is_random(dataset: Dataset) -> None:
    names, embedding, before = dataset.names(), dataset.embed(VECTORS), dataset.tag("before", [3, 11])
    job = dataset.sampling(embedding, "mixed", "CORESET", 9, seed=4, randomShare=0.3, preselectedTagId=before)
    expected = select(
        VECTORS, 9, "coreset", ids=names, preselected=[names[3], names[11]], seed=4, random_share=0.3, progress=False
    )
    tag = finished(dataset, job)
    assert dataset.names_of(tag["id"]) == sorted(expected.ids)
    provenance = dataset.api.get(f"{dataset.path}/tags/{tag['id']}/provenance")
    assert provenance["parameters"]["random_share"] == 0.3
    assert len(expected.random_ids) == 3
    assert provenance["random_mask"] == tag_mask(names, expected.random_ids)
    path = f"{dataset.path}/embeddings/{embedding}/sampling"
    other = body("mixed", "CORESET", 9, seed=4, randomShare=0.2, preselectedTagId=before)
    assert dataset.api.refused("POST", path, json=other)[:2] == (409, "TAG_NAME_EXISTS")


def mark(dataset: Dataset, names: list[str]) -> None:
    dataset.api.post(f"{dataset.path}/tags/cannot-be-labelled", {"fileNames": names})


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("method", ["RANDOM", "CORESET", "CORAL", "COVERAGE"])
def test_sampling__leaves_out_what_cannot_be_labelled(dataset: Dataset, method: str) -> None:
    names, first = dataset.names(), dataset.tags()["initial-tag"]["id"]
    marked = [names[row] for row in (3, 5, 11, 29)]
    embedded = [name for name in names if name not in marked]  # they need no embedding, also where preselected
    embedding = dataset.embed(VECTORS[[names.index(name) for name in embedded]], embedded)
    before = dataset.tag("before", [3, 8])
    scores = None
    if method == "CORAL":
        scores = SCORES
        put_scores(dataset, first, SCORES)
    mark(dataset, marked)
    tag = finished(dataset, dataset.sampling(embedding, "chosen", method, 9, seed=4, preselectedTagId=before))
    expected = select(
        VECTORS,
        9,
        method,
        ids=names,
        preselected=[names[3], names[8]],
        cannot_be_labelled=marked,
        scores=scores,
        seed=4,
        progress=False,
    )
    assert dataset.names_of(tag["id"]) == sorted(expected.ids)
    provenance = dataset.api.get(f"{dataset.path}/tags/{tag['id']}/provenance")
    assert provenance["cannot_be_labelled"]["mask"] == tag_mask(names, marked)
    assert (provenance["selected"], provenance["preselected"]) == (9, 2)


def test_sampling__marks_are_pinned_when_queued(dataset: Dataset, worker: Worker) -> None:
    names, embedding = dataset.names(), dataset.embed(VECTORS)
    mark(dataset, names[:2])
    job = dataset.sampling(embedding, "pinned", "CORESET", 1.0)
    mark(dataset, names[2:4])
    assert dataset.names_of(finished(dataset, job)["id"]) == names[2:]
    with worker.store.database.read() as db:
        assert jobs.read(db, job).pinned["cannot_be_labelled"]["mask"] == "0x3"
    assert dataset.sampling(embedding, "pinned", "CORESET", 1.0) == job  # the same request, whatever is marked since


def test_sampling__marked_samples_are_not_counted(dataset: Dataset) -> None:
    names = dataset.names()
    mark(dataset, names[:2])
    path = f"{dataset.path}/sampling"
    _, _, message = dataset.api.refused("POST", path, json=body("some", "RANDOM", 29))
    assert "29 is more than the 28 samples" in message
    assert "without 2 that are left out" in message
    assert dataset.api.refused("POST", path, json=body("cannot-be-labelled", "RANDOM", 3))[0] == 422
    mark(dataset, names)
    _, _, message = dataset.api.refused("POST", path, json=body("some", "RANDOM", 3))
    assert "all 30 samples that could be selected are marked as cannot be labelled" in message


@pytest.mark.usefixtures("worker")
def test_sampling__a_dataset_without_embedding(dataset: Dataset) -> None:
    names, path = dataset.names(), f"{dataset.path}/sampling"
    job = dataset.api.post(path, body("drawn", "RANDOM", 4, seed=2))["jobId"]
    assert dataset.api.post(path, body("drawn", "RANDOM", 4, seed=2))["jobId"] == job
    tag = finished(dataset, job)
    assert dataset.names_of(tag["id"]) == sorted(select(VECTORS, 4, "random", ids=names, seed=2, progress=False).ids)
    assert dataset.api.get(f"{dataset.path}/tags/{tag['id']}/provenance")["embedding"] is None
    put_scores(dataset, dataset.tags()["initial-tag"]["id"], SCORES)
    tag = finished(dataset, dataset.api.post(path, body("highest", "ACTIVE_LEARNING", 4))["jobId"])
    assert dataset.names_of(tag["id"]) == sorted(names[row] for row in np.argsort(-SCORES)[:4])


@pytest.mark.parametrize("method", ["CORESET", "CORAL", "COVERAGE"])
def test_sampling__a_method_that_needs_an_embedding(dataset: Dataset, method: str) -> None:
    put_scores(dataset, dataset.tags()["initial-tag"]["id"], SCORES)
    status, code, message = dataset.api.refused("POST", f"{dataset.path}/sampling", json=body("none", method, 4))
    assert (status, code) == (409, "EMBEDDING_NOT_READY")
    assert f"{method} needs an embedding" in message


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("uploaded", "asked", "used"),
    [
        (["uncertainty_margin", "objectness"], None, "uncertainty_margin"),
        (["objectness", "uncertainty_entropy"], None, "uncertainty_entropy"),
        (["uncertainty_margin", "objectness"], "objectness", "objectness"),
    ],
)
def test_sampling__which_score(dataset: Dataset, uploaded: list[str], asked: str | None, used: str) -> None:
    first = dataset.tags()["initial-tag"]["id"]
    for score_type in uploaded:
        put_scores(dataset, first, SCORES, score_type)
    more = {} if asked is None else {"scoreType": asked}
    tag = finished(dataset, dataset.sampling(dataset.embed(VECTORS), "scored", "CORAL", 4, **more))
    assert dataset.api.get(f"{dataset.path}/tags/{tag['id']}/provenance")["score"]["score_type"] == used


def test_sampling__inputs_are_pinned_when_queued(dataset: Dataset, worker: Worker) -> None:
    names, first = dataset.names(), dataset.tags()["initial-tag"]["id"]
    embedding = dataset.embed(VECTORS)
    put_scores(dataset, first, SCORES)
    job = dataset.sampling(embedding, "pinned", "CORAL", 6)
    with worker.store.database.read() as db:
        pinned = jobs.read(db, job).pinned
    dataset.embed(-VECTORS[::-1])
    put_scores(dataset, first, 1 - SCORES)
    dataset.add(["zz-later.png"])
    dataset.api.post(f"{dataset.path}/tags/upsize", {"upsizeTagName": "later"})
    expected = select(VECTORS, 6, "coral", ids=names, scores=SCORES, progress=False)
    assert dataset.names_of(finished(dataset, job)["id"]) == sorted(expected.ids)
    assert (pinned["embedding"]["version"], pinned["score"]["version"]) == (1, 1)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"n_samples": 31}, 422, "BAD_REQUEST"),
        ({"n_samples": 2}, 422, "BAD_REQUEST"),  # three are preselected
        ({"n_samples": -1}, 422, "BAD_REQUEST"),
        ({"n_samples": 1.5}, 422, "BAD_REQUEST"),
        ({"randomShare": 1}, 422, "BAD_REQUEST"),
        ({"randomShare": -0.1}, 422, "BAD_REQUEST"),
        ({"randomShare": 0.5, "n_samples": -1, "min_distance": 0.5}, 422, "BAD_REQUEST"),
        ({"method": "GREEDY"}, 422, "MALFORMED_REQUEST"),
        ({"method": "CORAL"}, 404, "SCORE_UNKNOWN"),
        ({"method": "CORESET", "scoreType": "uncertainty_margin"}, 422, "BAD_REQUEST"),
        ({"queryTagId": "0" * 24}, 404, "TAG_QUERYTAG_NOT_IN_DATASET"),
        ({"preselectedTagId": "0" * 24}, 404, "TAG_PRESELECTEDTAG_NOT_IN_DATASET"),
        ({"name": "initial-tag"}, 409, "TAG_NAME_EXISTS"),
        ({"name": "a/b"}, 422, "BAD_REQUEST"),
        ({"embedding": "0" * 24}, 404, "EMBEDDING_UNKNOWN"),
    ],
)
def test_sampling__refused(dataset: Dataset, change: dict[str, Any], status: int, code: str) -> None:
    embedding = dataset.embed(VECTORS)
    asked: dict[str, Any] = {
        "name": "some",
        "method": "CORESET",
        "n_samples": 5,
        "preselectedTagId": dataset.tag("three", [1, 2, 3]),
    }
    asked |= change
    path = f"{dataset.path}/embeddings/{asked.pop('embedding', embedding)}/sampling"
    assert dataset.api.refused("POST", path, json=body(**asked))[:2] == (status, code)
    assert dataset.api.get("/v1/jobs", datasetId=dataset.id) == []


def test_sampling__scores_older_than_the_samples(dataset: Dataset) -> None:
    first = dataset.tags()["initial-tag"]["id"]
    put_scores(dataset, first, SCORES)
    dataset.add(["zz-later.png"])
    dataset.api.post(f"{dataset.path}/tags/upsize", {"upsizeTagName": "later"})
    path = f"{dataset.path}/embeddings/{dataset.embed(VECTORS, dataset.names()[:30])}/sampling"
    _, _, message = dataset.api.refused("POST", path, json=body("some", "CORAL", 5))
    assert "zz-later.png" in message


def test_read_job__unknown(api: Api) -> None:
    assert api.refused("GET", f"/v1/jobs/{'0' * 24}")[:2] == (404, "JOB_UNKNOWN")


def test_cancel__a_job_that_has_ended_stays(dataset: Dataset, worker: Worker) -> None:
    assert worker.store
    job = dataset.sampling(dataset.embed(VECTORS), "done", "CORESET", 5)
    finished(dataset, job)
    assert dataset.api.post(f"/v1/jobs/{job}/cancel", {})["status"] == "FINISHED"
    assert [one["id"] for one in dataset.api.get("/v1/jobs", datasetId=dataset.id)] == [job]


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("method", ["PCA", "TSNE"])
def test_projection__one_point_per_sample(dataset: Dataset, method: str) -> None:
    embedding = dataset.embed(VECTORS)
    path = f"{dataset.path}/embeddings/{embedding}"
    wanted = {"dimensionalityReductionMethod": method}
    job = dataset.api.post(f"{path}/trigger2dEmbeddingsJob", wanted)["jobId"]
    assert ended(dataset.api, job)["status"] == "FINISHED"
    [listed] = dataset.api.get(f"{path}/2d")
    shown = dataset.api.get(f"{path}/2d/{listed['id']}")
    points = np.array([shown["coordinatesDimension1"], shown["coordinatesDimension2"]])
    assert shown["dimensionalityReductionMethod"] == method
    assert points.shape == (2, 30)
    assert np.isfinite(points).all()
    assert points.std(axis=1).min() > 0


def test_projection__refused(dataset: Dataset) -> None:
    path = f"{dataset.path}/embeddings/{dataset.embed(VECTORS)}/trigger2dEmbeddingsJob"
    assert dataset.api.refused("POST", path, json={"dimensionalityReductionMethod": "CIRCLE"})[0] == 422

"""Points, neighbours and groups over HTTP, against what a few lines compute."""

import numpy as np
import pytest

from lightly_ray.platform.services import groups
from tests.platform.http.routes.app.reading import ask, embed_some, get
from tests.platform.served import Api, Dataset, ended

VECTORS = np.random.default_rng(5).normal(size=(7, 3)).astype(np.float32)
SOME = [6, 1, 4, 2]  # of 9 rows; uploaded in this order


def points(dataset: Dataset, embedding: str, **query: str) -> np.ndarray:
    content = get(dataset, f"embeddings/{embedding}/points", **query).content
    return np.frombuffer(content, "<f4").reshape(-1, 2)


def projected(dataset: Dataset, embedding: str, method: str = "PCA") -> None:
    answer = ask(dataset, f"embeddings/{embedding}/points", "POST", method=method)
    assert answer.status_code == 202, answer.text
    assert ended(dataset.api, answer.json()["job"])["status"] == "FINISHED"


@pytest.mark.usefixtures("worker")
def test_points__by_row_where_only_some_have_a_vector(api: Api) -> None:
    dataset = api.dataset(9)
    embedding = embed_some(dataset, SOME, VECTORS[:4])
    assert ask(dataset, f"embeddings/{embedding}/points").status_code == 404
    projected(dataset, embedding)
    found = points(dataset, embedding)
    [listed] = api.get(f"{dataset.path}/embeddings/{embedding}/2d")
    stored = api.get(f"{dataset.path}/embeddings/{embedding}/2d/{listed['id']}")
    pairs = [stored[f"coordinatesDimension{axis}"] for axis in (1, 2)]
    np.testing.assert_array_equal(found[sorted(SOME)], np.array(pairs, dtype=np.float32).T)
    others = [row for row in range(9) if row not in SOME]
    assert found.shape == (9, 2)
    assert np.isnan(found[others]).all()


@pytest.mark.usefixtures("worker")
def test_points__of_an_older_upload_are_not_shown(api: Api) -> None:
    dataset = api.dataset(7)
    embedding = dataset.embed(VECTORS)
    projected(dataset, embedding)
    before = points(dataset, embedding)
    assert dataset.embed(VECTORS[::-1] * 2) == embedding
    answer = ask(dataset, f"embeddings/{embedding}/points")
    assert (answer.status_code, answer.json()["code"]) == (404, "EMBEDDING_2D_UNKNOWN")
    projected(dataset, embedding)
    assert not np.array_equal(points(dataset, embedding), before)


@pytest.mark.usefixtures("worker")
def test_points__grow_with_the_dataset_under_another_version(api: Api) -> None:
    dataset = api.dataset(7)
    embedding = dataset.embed(VECTORS)
    projected(dataset, embedding)
    before = points(dataset, embedding)
    dataset.add(["a.png"])
    api.post(f"{dataset.path}/tags/upsize", {"upsizeTagName": "more"})
    after = points(dataset, embedding)
    np.testing.assert_array_equal(after, np.vstack([before, [[np.nan, np.nan]]]).astype(np.float32))
    path = f"embeddings/{embedding}/points"
    assert "no-cache" in get(dataset, path, v="1-7").headers["cache-control"]
    assert "immutable" in get(dataset, path, v="1-8").headers["cache-control"]


def test_points__asked_for_again_is_the_same_job(api: Api) -> None:
    dataset = api.dataset(7)
    path = f"embeddings/{dataset.embed(VECTORS)}/points"
    api.post(f"{dataset.path}/embeddings/{path.split('/')[1]}/trigger2dEmbeddingsJob", _tsne())
    first, second = (ask(dataset, path, "POST", method="tsne").json()["job"] for _ in range(2))
    assert first == second
    assert ask(dataset, path, "POST", method="BOGUS").status_code == 422


def _tsne() -> dict[str, str]:
    return {"dimensionalityReductionMethod": "TSNE"}


@pytest.mark.parametrize("count", [1, 3, 12])
def test_neighbours__are_the_nearest(api: Api, count: int) -> None:
    dataset = api.dataset(7)
    embedding = dataset.embed(VECTORS)
    wide = VECTORS.astype(np.float64)
    for row in range(7):
        found = get(dataset, f"embeddings/{embedding}/neighbours/{row}", count=count).json()
        distances = np.sqrt(np.square(wide - wide[row]).sum(axis=1))
        nearest = [other for other in np.argsort(distances).tolist() if other != row][:count]
        assert [it["row"] for it in found] == nearest
        assert [it["distance"] for it in found] == distances[nearest].tolist()


def test_neighbours__by_row_where_only_some_have_a_vector(api: Api) -> None:
    dataset = api.dataset(9)
    line = np.array([[0], [10], [11], [30]], dtype=np.float32)
    embedding = embed_some(dataset, SOME, line)
    found = get(dataset, f"embeddings/{embedding}/neighbours/4").json()
    assert found == [{"row": 1, "distance": 1}, {"row": 6, "distance": 11}, {"row": 2, "distance": 19}]
    for row in (0, 8, 9, -1):
        assert ask(dataset, f"embeddings/{embedding}/neighbours/{row}").status_code == 404


@pytest.mark.parametrize("count", ["0", "201", "x"])
def test_neighbours__bad_count(api: Api, count: str) -> None:
    dataset = api.dataset(7)
    answer = ask(dataset, f"embeddings/{dataset.embed(VECTORS)}/neighbours/0", count=count)
    assert (answer.status_code, answer.json()["code"]) == (422, "MALFORMED_REQUEST")


def test_groups__by_hand(api: Api) -> None:
    dataset = api.dataset(9)
    # Angles of 0, 0.08, 0.16 are a chain; the other length does not matter; rows 0, 3, 5, 7, 8 have no vector.
    angles, lengths = np.array([0.08, 0, 2, 0.16]), np.array([[1], [5], [2], [3]])
    vectors = (lengths * np.column_stack([np.cos(angles), np.sin(angles)])).astype(np.float32)
    embedding = embed_some(dataset, SOME, vectors)
    found = np.frombuffer(get(dataset, f"embeddings/{embedding}/groups", within=0.1).content, "<u4")
    assert found.tolist() == [0, 1, 1, 3, 4, 5, 1, 7, 8]
    apart = np.frombuffer(get(dataset, f"embeddings/{embedding}/groups", within=0.05).content, "<u4")
    assert apart.tolist() == [*range(9)]


@pytest.mark.usefixtures("worker")
def test_groups__of_many_are_found_by_a_job(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "AT_ONCE", 3)
    dataset = api.dataset(9)
    angles = np.array([0.08, 0, 2, 0.16])
    path = f"embeddings/{embed_some(dataset, SOME, np.column_stack([np.cos(angles), np.sin(angles)]))}/groups"
    answer = ask(dataset, path, within=0.1)
    assert (answer.status_code, answer.json()["code"]) == (404, "GROUPS_UNKNOWN")
    job = ended(api, ask(dataset, path, "POST", within=0.1).json()["job"])
    assert (job["status"], job["jobType"], job["result"]["type"]) == ("FINISHED", "GROUPING", "GROUPS")
    assert job["meta"] == {"total": 4, "processed": 4}
    found = np.frombuffer(get(dataset, path, within=0.1).content, "<u4")
    assert found.tolist() == [0, 1, 1, 3, 4, 5, 1, 7, 8]
    assert ask(dataset, path, within=0.05).status_code == 404
    # A new upload is another one.
    embed_some(dataset, SOME, np.column_stack([np.sin(angles * 3), np.cos(angles * 3)]))
    assert ask(dataset, path, within=0.1).status_code == 404
    assert ended(api, ask(dataset, path, "POST", within=0.1).json()["job"])["status"] == "FINISHED"
    assert np.frombuffer(get(dataset, path, within=0.1).content, "<u4").tolist() == [*range(9)]


def test_groups__asked_for_again_are_the_same_job(api: Api) -> None:
    dataset = api.dataset(7)
    path = f"embeddings/{dataset.embed(VECTORS)}/groups"
    first, second, other = (ask(dataset, path, "POST", within=it).json()["job"] for it in (0.1, 0.1, 0.2))
    assert first == second != other


@pytest.mark.parametrize("verb", ["GET", "POST"])
@pytest.mark.parametrize("within", ["-0.1", "2.1", "nan", "x"])
def test_groups__no_distance(api: Api, within: str, verb: str) -> None:
    dataset = api.dataset(7)
    assert ask(dataset, f"embeddings/{dataset.embed(VECTORS)}/groups", verb, within=within).status_code == 422


@pytest.mark.parametrize("path", ["points", "neighbours/0", "groups"])
def test_routes__of_unknown_and_unfinished_embeddings(api: Api, path: str) -> None:
    dataset = api.dataset(7)
    answer = ask(dataset, f"embeddings/{'0' * 24}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "EMBEDDING_UNKNOWN")
    asked = api.get(f"{dataset.path}/embeddings/writeCSVUrl", name="asked")["embeddingId"]
    answer = ask(dataset, f"embeddings/{asked}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (409, "EMBEDDING_NOT_READY")
    other = api.dataset(7)
    assert ask(other, f"embeddings/{dataset.embed(VECTORS)}/{path}").status_code == 404

"""Scores over HTTP."""

import json

import numpy as np
import pytest

from tests.platform.served import Api


def test_put_scores__a_further_upload_replaces(api: Api) -> None:
    dataset = api.dataset(4)
    path = f"{dataset.path}/tags/{dataset.tag('three', [0, 1, 3])}/scores"
    first = api.post(path, {"scoreType": "uncertainty_margin", "scores": [0.5, 1, 0]})["id"]
    assert api.post(path, {"scoreType": "other/one", "scores": [1, 2, 3]})["id"] != first
    assert api.post(path, {"scoreType": "uncertainty_margin", "scores": [0.25, 0, 1e-300]})["id"] == first
    listed = api.get(path)
    assert [one["scoreType"] for one in listed] == ["other/one", "uncertainty_margin"]
    assert {"id", "tagId", "scoreType", "createdAt", "uploadedAt"} == set(listed[0])
    assert listed[1]["uploadedAt"] > listed[1]["createdAt"]
    assert api.get(f"{path}/{first}")["scores"] == [0.25, 0, 1e-300]


@pytest.mark.parametrize(
    ("scores", "word"),
    [
        ([0.5, 1], "got 2 scores"),
        ([0.5, -1, 0], "b-01.png"),
        ([0.5, 1, float("nan")], "b-03.png"),
        ([float("inf"), 1, 0], "b-00.png"),
        ([0.5, True, 0], "valid number"),
        ([0.5, "1", 0], "valid number"),
    ],
)
def test_put_scores__refused_by_name(api: Api, scores: list[float], word: str) -> None:
    dataset = api.dataset(4)
    path = f"{dataset.path}/tags/{dataset.tag('three', [0, 1, 3])}/scores"
    # The module's own encoder writes NaN as the published client does.
    body = json.dumps({"scoreType": "some", "scores": scores})
    status, _, message = api.refused("POST", path, data=body, headers={"content-type": "application/json"})
    assert status == 422
    assert word in message
    assert api.get(path) == []


def test_put_scores__bad_type_or_tag(api: Api) -> None:
    dataset = api.dataset(2)
    path = f"{dataset.path}/tags/{dataset.tags()['initial-tag']['id']}/scores"
    assert api.refused("POST", path, json={"scoreType": "a b", "scores": [1, 2]})[0] == 422
    unknown = f"{dataset.path}/tags/{'0' * 24}/scores"
    assert api.refused("POST", unknown, json={"scoreType": "some", "scores": [1, 2]})[:2] == (404, "TAG_UNKNOWN")
    assert api.refused("GET", f"{path}/{'0' * 24}")[:2] == (404, "SCORE_UNKNOWN")


def test_put_scores__many(api: Api) -> None:
    dataset = api.dataset()
    for start in range(0, 2_000, 250):
        dataset.add([f"{number:04d}.png" for number in range(start, start + 250)])
    path = f"{dataset.path}/tags/{dataset.tag_all()}/scores"
    values = np.random.default_rng(0).random(2_000).tolist()
    score = api.post(path, {"scoreType": "some", "scores": values})["id"]
    assert api.get(f"{path}/{score}")["scores"] == values

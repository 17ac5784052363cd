"""Scores out of scorers and out of real Ray datasets."""

from typing import Any

import numpy as np
import pytest
import ray.data

from lightly_ray.active_learning.agents.scores import read_scores
from lightly_ray.active_learning.scorers import Scorer
from lightly_ray.errors import InvalidInputError


class Own(Scorer):
    def calculate_scores(self) -> dict[str, Any]:
        return {"size": [3, 1, 2], "depth": np.array([0.5, 0, 1])}


def test_read_scores__own_scorer_by_position() -> None:
    found = read_scores(Own())
    assert found.filenames is None
    assert list(found.values) == ["size", "depth"]
    assert found.values["size"].tolist() == [3, 1, 2]


def test_read_scores__something_that_only_calculates() -> None:
    class Bare:
        def calculate_scores(self) -> dict[str, Any]:
            return {"s": [1.0]}

    assert read_scores(Bare()).filenames is None


def test_read_scores__mapping_brings_its_names() -> None:
    found = read_scores(Own({"b": 1, "a": 2, "c": 3}))
    assert found.filenames == ["b", "a", "c"]


@pytest.mark.usefixtures("ray_local")
def test_read_scores__ray_dataset_of_several_blocks() -> None:
    rows = [{"filename": f"{n}.png", "margin": n / 10, "note": "x"} for n in range(7)]
    found = read_scores(ray.data.from_items(rows, override_num_blocks=3))
    assert found.filenames is not None
    assert sorted(found.filenames) == [f"{n}.png" for n in range(7)]
    assert list(found.values) == ["margin"]
    assert dict(zip(found.filenames, found.values["margin"], strict=True))["3.png"] == 0.3


@pytest.mark.usefixtures("ray_local")
def test_read_scores__dataset_with_another_id_column() -> None:
    found = read_scores(ray.data.from_items([{"image": "a.png", "margin": 0.5}]))
    assert found.filenames == ["a.png"]
    assert found.values["margin"].tolist() == [0.5]


@pytest.mark.usefixtures("ray_local")
@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"id": "a", "note": "b", "margin": 0.1}, "has a column 'filename', got the columns id, note, margin"),
        ({"row": 1, "margin": 0.1}, "has a column 'filename', got the columns row, margin"),
        ({"filename": "a"}, "no column of numbers"),
    ],
)
def test_read_scores__dataset_without_what_is_needed(row: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        read_scores(ray.data.from_items([row]))


def test_read_scores__neither() -> None:
    with pytest.raises(InvalidInputError, match=r"has calculate_scores\(\), or is a Ray dataset"):
        read_scores([0.1, 0.2])

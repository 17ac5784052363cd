"""`method="auto"`: what it chooses, what it says, and that the picks are those of the method it chose."""

from typing import Any

import numpy as np
import pytest

import lightly_ray
from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel.selection import select as door

RANDOM = np.random.default_rng(2)
X = RANDOM.normal(size=(150, 5))
SCORES = RANDOM.random(150)
P = RANDOM.dirichlet([1, 1], 150)
SELECTED = [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("given", "method", "why", "same"),
    [
        ({}, "coverage", "nothing is selected yet", {}),
        ({"preselected": SELECTED}, "coverage", "samples are selected already", {}),
        ({"scores": SCORES, "preselected": SELECTED}, "coverage", "scores are there", {}),
        ({"predictions": P, "preselected": SELECTED}, "coverage", "scores are there", {}),
        (
            {"predictions": P, "preselected": SELECTED, "labels": {0: 0, 1: 1}},
            "coverage",
            "it looks at classes; the same labels in four batches",
            {},
        ),
        ({"predictions": P, "preselected": SELECTED, "labels": {}}, "coverage", "scores are there", {}),
        ({"min_distance": 0.1}, "coreset", "a smallest distance", {"normalize": False}),
        ({"min_distance": 0.1, "scores": SCORES}, "coral", "a smallest distance", {"normalize": False}),
        ({"min_distance": 0.1, "predictions": P}, "coral", "a smallest distance", {"normalize": False}),
        ({"certify": 2}, "coreset", "a certificate", {"normalize": "whiten"}),
    ],
)
def test_auto__takes_what_suits(given: dict[str, Any], method: str, why: str, same: dict[str, Any]) -> None:
    found = lightly_ray.select(X, 20, progress=False, **given)
    assert found.method == method
    assert why in str(found.why)
    assert found.summary()["why"] == found.why
    asked = lightly_ray.select(X, 20, method, progress=False, **given, **same)
    assert asked.ids == found.ids
    assert (asked.method, asked.why) == (method, None)


def test_auto__takes_labels_that_its_method_cannot_use() -> None:
    given: dict[str, Any] = {"predictions": P, "preselected": SELECTED, "min_distance": 0.1, "progress": False}
    found = lightly_ray.select(X, 20, labels={0: 0, 1: 1}, **given)
    assert found.method == "coral"
    assert found.ids == lightly_ray.select(X, 20, **given).ids


def test_auto__more_than_coverage_picks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "MOST", 19)
    found = lightly_ray.select(X, 20, "Auto", scores=SCORES, progress=False)
    assert (found.method, found.normalize) == ("coral", "whiten")
    assert found.why == "coverage picks at most 19 samples at a time"


@pytest.mark.parametrize("method", ["farthest", 3, None])
def test_select__no_such_method(method: Any) -> None:
    known = "auto, random, coreset, coral, active_learning, coverage, cluster"
    with pytest.raises(InvalidInputError, match=f"method must be one of {known}, got {method!r}"):
        lightly_ray.select(X, 20, method, progress=False)

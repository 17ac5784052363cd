"""The agent with labels: AUTO and COVERAGE look at classes."""

from typing import Any

import numpy as np
import pytest

from lightly_ray import select
from lightly_ray.active_learning.agents import ActiveLearningAgent
from lightly_ray.active_learning.config import SamplerConfig
from lightly_ray.active_learning.scorers import Scorer, ScorerClassification
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.errors import InvalidInputError, JobFailedError
from tests.active_learning.agents.queried import PREDICTIONS, VECTORS, in_order

PREDICTED = ScorerClassification(PREDICTIONS)


class Size(Scorer):
    """Scores that are of no classifier."""

    def calculate_scores(self) -> dict[str, Any]:
        return {"size": np.ones(12)}


def test_query__labels_make_it_look_at_classes(ready: ApiWorkflowClient) -> None:
    names = ready.get_filenames()
    agent = ActiveLearningAgent(ready)
    agent.query(SamplerConfig("RANDOM", 3, name="first"))
    first = agent.labeled_set
    labels: dict[str, Any] = {first[0]: 2, first[1]: np.int64(0)}
    options: dict[str, Any] = {"ids": names, "preselected": first, "predictions": PREDICTIONS, "progress": False}
    unlabelled = {name: PREDICTIONS[names.index(name)] for name in agent.unlabeled_set}
    for name, scorer in {
        "by position": ScorerClassification(PREDICTIONS),
        "by name": ScorerClassification(dict(zip(names[::-1], PREDICTIONS[::-1], strict=True))),
        "unlabelled": ScorerClassification(unlabelled),
    }.items():
        again = ActiveLearningAgent(ready, preselected_tag_name="first")
        again.query(SamplerConfig(n_samples=7, name=name), scorer, labels=labels)
        assert again.labeled_set == in_order(names, select(VECTORS, 7, labels=labels, **options).ids)
    tag = ready.get_tag_by_name("by name")
    provenance = ready.get_tag_provenance(tag.id)
    assert (provenance["method"], provenance["asked_method"]) == ("COVERAGE", "AUTO")
    assert "it looks at classes" in provenance["why"]
    assert len(provenance["predictions"]["sha256"]) == 64
    again = ActiveLearningAgent(ready, preselected_tag_name="first")
    again.query(SamplerConfig(n_samples=7, name="no labels"), ScorerClassification(PREDICTIONS))
    assert again.labeled_set == in_order(names, select(VECTORS, 7, **options).ids)


@pytest.mark.parametrize(
    ("method", "scorer", "labels", "message"),
    [
        ("CORAL", PREDICTED, {}, r"CORAL does not look at labels"),
        ("AUTO", None, {}, r"give a ScorerClassification, got no scorer"),
        ("AUTO", Size(), {}, r"give a ScorerClassification, got Size"),
        (
            "AUTO",
            ScorerClassification(PREDICTIONS),
            {"nobody.png": 0},
            r"1 labels are of samples that are not selected",
        ),
        (
            "COVERAGE",
            ScorerClassification(PREDICTIONS),
            {"cats/0.png": 3},
            r"has 3, and the classes of the predictions",
        ),
        ("COVERAGE", PREDICTED, {"cats/0.png": "cat"}, r"label of 'cats/0.png' .* got 'cat'"),
    ],
)
def test_query__labels_that_cannot_be(
    ready: ApiWorkflowClient, method: str, scorer: Any, labels: Any, message: str
) -> None:
    ready.create_tag_from_filenames(["cats/0.png"], "first")
    agent = ActiveLearningAgent(ready, preselected_tag_name="first")
    with pytest.raises((InvalidInputError, JobFailedError), match=message):
        agent.query(SamplerConfig(method, 7, name="never"), scorer, labels=labels)
    assert agent.labeled_set == ["cats/0.png"]

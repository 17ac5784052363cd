"""The agent knows which of its selection people have labelled."""

import pytest

from lightly_ray.active_learning.agents import ActiveLearningAgent
from lightly_ray.active_learning.config import SamplerConfig
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.errors import NotFoundError
from tests.label_tables import SKIPPED, classes_of, labels


def test_unlabelled_of_selection__shrinks_as_labels_come(uploaded: ApiWorkflowClient) -> None:
    agent = ActiveLearningAgent(uploaded)
    agent.query(SamplerConfig("RANDOM", 5, name="first"))
    first, second, third, fourth, fifth = selected = agent.labeled_set
    other = agent.unlabeled_set[0]
    assert agent.unlabelled_of_selection() == selected
    with pytest.raises(NotFoundError):
        agent.labels()
    uploaded.import_labels(labels({second: "cat", other: "dog"}), "a")
    uploaded.import_labels(labels({first: SKIPPED, fourth: []}), "b")
    assert agent.unlabelled_of_selection() == [third, fifth]
    assert agent.unlabelled_of_selection("a") == [third, fourth, fifth]
    assert classes_of(agent.labels("a")) == {second: "cat", other: "dog"}
    assert set(classes_of(agent.labels())) == {first, second, fourth, other}
    assert agent.labeled_set == selected
    with pytest.raises(NotFoundError, match="'a'"):
        agent.unlabelled_of_selection("nobody")


def test_labels__of_another_task_do_not_stand_in_the_way(uploaded: ApiWorkflowClient) -> None:
    agent = ActiveLearningAgent(uploaded)
    agent.query(SamplerConfig("RANDOM", 3, name="first"))
    first, second, third = agent.labeled_set
    uploaded.import_labels(labels({first: "cat"}), "classes")
    uploaded.import_labels(labels({third: [{"class": "cat", "box": [0.1, 0.1, 0.2, 0.2]}]}, "detection"), "boxes")
    assert agent.unlabelled_of_selection() == [second]


def test_unlabeled_set__leaves_out_what_an_import_could_not_label(uploaded: ApiWorkflowClient) -> None:
    name = ActiveLearningAgent(uploaded).unlabeled_set[3]
    uploaded.import_labels(labels({name: SKIPPED}))
    agent = ActiveLearningAgent(uploaded)
    assert name not in agent.unlabeled_set
    agent.query(SamplerConfig("RANDOM", 11, name="all others"))
    assert name not in agent.labeled_set

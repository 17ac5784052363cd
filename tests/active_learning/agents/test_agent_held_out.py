"""The agent beside a held-out set: nothing of it is offered, counted or selected, by whatever method."""

import pytest

from lightly_ray.active_learning.agents import ActiveLearningAgent
from lightly_ray.active_learning.config import SamplerConfig
from lightly_ray.active_learning.scorers import ScorerClassification
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.errors import ConflictError, InvalidInputError
from tests.active_learning.agents.queried import PREDICTIONS


def test_agent__never_offers_what_is_held_out(ready: ApiWorkflowClient) -> None:
    tag = ready.create_validation_tag(0.25)
    held_out = ready.get_filenames_in_tag(tag)
    assert (tag.name, len(held_out)) == ("validation", 3)
    rest = [name for name in ready.get_filenames() if name not in held_out]
    agent = ActiveLearningAgent(ready)
    assert (agent.query_set, agent.unlabeled_set) == (ready.get_filenames(), rest)
    for number, method in enumerate(("RANDOM", "CORESET", "CORAL", "COVERAGE"), start=1):
        scorer = ScorerClassification(PREDICTIONS) if method == "CORAL" else None
        agent.query(SamplerConfig(method, 2 * number, name=method), scorer)
        assert not set(agent.labeled_set).intersection(held_out)
        assert len(agent.labeled_set) == 2 * number
    agent.query(SamplerConfig(n_samples=1.0, name="everything"))
    assert (agent.labeled_set, agent.unlabeled_set) == (rest, [])
    provenance = ready.get_tag_provenance(ready.get_tag_by_name("everything").id)
    assert [one["name"] for one in provenance["held_out"]] == ["validation"]


def test_create_validation_tag__late_says_so(ready: ApiWorkflowClient) -> None:
    ActiveLearningAgent(ready).query(SamplerConfig("RANDOM", 4, name="first"))
    first = set(ready.get_filenames_in_tag(ready.get_tag_by_name("first")))
    with pytest.warns(UserWarning, match="4 samples had been selected: 'late' is a sample of what was left"):
        tag = ready.create_validation_tag(0.5, name="late", seed=3)
    assert tag.mask.count == 4
    assert not first.intersection(ready.get_filenames_in_tag(tag))


def test_create_validation_tag__bad_settings(ready: ApiWorkflowClient) -> None:
    with pytest.raises(InvalidInputError, match="drawn by method='random', got 'coreset'"):
        ready.create_validation_tag(method="coreset")
    with pytest.raises(InvalidInputError, match="share must be a number"):
        ready.create_validation_tag("0.1")  # type: ignore[arg-type]  # that is what is tested
    with pytest.raises(InvalidInputError, match="less than 1; got 2"):
        ready.create_validation_tag(2)
    ready.create_validation_tag()
    with pytest.raises(ConflictError, match="there is a tag 'validation'"):
        ready.create_validation_tag()

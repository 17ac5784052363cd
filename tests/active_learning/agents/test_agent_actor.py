"""The agent as a Ray actor, on a real Ray and a running platform."""

import time

import numpy as np
import pytest
import ray
from ray.actor import ActorHandle

from lightly_ray.active_learning.agents import ActiveLearningAgent, AgentActor
from lightly_ray.active_learning.agents.agent_actor import AgentMethods
from lightly_ray.active_learning.config import SamplerConfig
from lightly_ray.active_learning.scorers import ScorerClassification
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.errors import InvalidInputError

RNG = np.random.default_rng(0)
pytestmark = pytest.mark.usefixtures("ray_local")


def test_agent_actor__does_what_the_agent_does_and_can_be_replaced(uploaded: ApiWorkflowClient) -> None:
    names = uploaded.get_filenames()
    uploaded.upload_embeddings_from_arrays(names, RNG.normal(size=(12, 5)).astype(np.float32))
    scorer = ScorerClassification(RNG.dirichlet(np.ones(3), size=12))
    actor = AgentActor.remote(uploaded)
    assert ray.get(actor.query_set.remote()) == names
    ray.get(actor.query.remote(SamplerConfig(n_samples=3, name="one")))
    first = ray.get(actor.labeled_set.remote())
    assert isinstance(actor, ActorHandle)
    ray.kill(actor)

    actor = AgentActor.remote(uploaded, preselected_tag_name="one")
    ray.get(actor.upload_scores.remote(scorer))
    ray.get(actor.query.remote(SamplerConfig("CORAL", 5, name="two"), scorer))
    sets = ray.get([actor.labeled_set.remote(), actor.added_set.remote(), actor.unlabeled_set.remote()])
    agent = ActiveLearningAgent(uploaded, preselected_tag_name="one")
    agent.query(SamplerConfig("CORAL", 5, name="the same"), scorer)
    assert sets == [agent.labeled_set, agent.added_set, agent.unlabeled_set]
    assert set(first) == set(sets[0]) - set(sets[1])


def test_agent_actor__errors_arrive_as_they_are(uploaded: ApiWorkflowClient) -> None:
    actor = AgentActor.remote(uploaded)
    with pytest.raises(InvalidInputError, match="3 predictions"):
        ray.get(actor.upload_scores.remote(ScorerClassification(np.full((3, 2), 0.5))))
    with pytest.raises(RuntimeError, match="no added set"):
        ray.get(actor.added_set.remote())


def test_agent_actor__is_never_restarted_without_its_state(uploaded: ApiWorkflowClient) -> None:
    actor = AgentActor.remote(uploaded)
    ray.get(actor.query_set.remote())
    assert isinstance(actor, ActorHandle)
    ray.kill(actor, no_restart=False)  # as if its process had died; it takes effect a moment later
    with pytest.raises(ray.exceptions.RayActorError):
        ask_again_and_again(actor)


def ask_again_and_again(actor: "ActorHandle[AgentMethods]") -> None:
    for _ in range(200):
        ray.get(actor.query_set.remote())
        time.sleep(0.05)

"""`AgentActor`: an `ActiveLearningAgent` as a Ray actor, so that tasks anywhere on a cluster share one.

The actor is never restarted (`max_restarts=0`): a new process would not know what the last queries selected. All
that it knows stands in tags on the platform, so a lost one is replaced by a new one that goes on from the tag of
the last query::

    agent = AgentActor.remote(client)
    ray.get(agent.query.remote(SamplerConfig(n_samples=100, name="initial")))
    names = ray.get(agent.labeled_set.remote())

    agent = AgentActor.remote(client, preselected_tag_name="initial")  # after a loss
"""

from collections.abc import Mapping
from typing import Any

import ray
from ray.actor import ActorClass

from lightly_ray.active_learning.agents.agent import ActiveLearningAgent
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.data.labels.table import Labels
from lightly_ray.methods import INITIAL_TAG
from lightly_ray.sampler_config import SamplerConfig


class AgentMethods:
    """The agent's sets and queries as methods; arguments and errors are those of `ActiveLearningAgent`."""

    def __init__(
        self,
        api_workflow_client: ApiWorkflowClient,
        query_tag_name: str = INITIAL_TAG,
        preselected_tag_name: str | None = None,
    ) -> None:
        self._agent = ActiveLearningAgent(api_workflow_client, query_tag_name, preselected_tag_name)

    @ray.method
    def query_set(self) -> list[str]:
        """File names of the samples that may be selected."""
        return self._agent.query_set

    @ray.method
    def labeled_set(self) -> list[str]:
        """File names of the samples that are selected."""
        return self._agent.labeled_set

    @ray.method
    def unlabeled_set(self) -> list[str]:
        """File names of the query set that are not selected."""
        return self._agent.unlabeled_set

    @ray.method
    def added_set(self) -> list[str]:
        """File names that the last query added."""
        return self._agent.added_set

    @ray.method
    def random_set(self) -> list[str]:
        """File names that the last query drew at random."""
        return self._agent.random_set

    @ray.method
    def mark_cannot_be_labelled(self, filenames: list[str]) -> None:
        """Mark samples that cannot be labelled: no later query offers them."""
        self._agent.mark_cannot_be_labelled(filenames)

    @ray.method
    def labels(self, source: str | None = None) -> Labels:
        """The labels of the dataset on the platform."""
        return self._agent.labels(source)

    @ray.method
    def unlabelled_of_selection(self, source: str | None = None) -> list[str]:
        """File names of selected samples that have no label on the platform yet."""
        return self._agent.unlabelled_of_selection(source)

    @ray.method
    def query(
        self, sampler_config: SamplerConfig, al_scorer: Any = None, *, labels: Mapping[str, int] | None = None
    ) -> None:
        """Select samples."""
        self._agent.query(sampler_config, al_scorer, labels=labels)

    @ray.method
    def upload_scores(self, al_scorer: Any) -> None:
        """Upload scores of the query set without selecting."""
        self._agent.upload_scores(al_scorer)


# Not a decorator: a type checker would take the decorated class for the plain one, without `remote`.
AgentActor: ActorClass[AgentMethods] = ray.remote(max_restarts=0, max_task_retries=0)(AgentMethods)


class RemoteAgent:
    """An `AgentActor` as one calls an object: each call waits for its answer, and errors arrive as they are.

    The actor takes no CPU, since it waits for the platform most of the time: it starts on a full cluster too. It ends
    with `close`, or with the process that made it. Not to be sent elsewhere: send the actor.

    Args:
        api_workflow_client, preselected_tag_name: as of the agent.
    """

    def __init__(self, api_workflow_client: ApiWorkflowClient, preselected_tag_name: str | None = None) -> None:
        actor = AgentActor.options(num_cpus=0)
        self._actor: Any = actor.remote(api_workflow_client, preselected_tag_name=preselected_tag_name)

    def query(
        self, sampler_config: SamplerConfig, al_scorer: Any = None, *, labels: Mapping[str, int] | None = None
    ) -> list[str]:
        """Select samples; returns all that are selected then."""
        ray.get(self._actor.query.remote(sampler_config, al_scorer, labels=labels))
        names: list[str] = ray.get(self._actor.labeled_set.remote())
        return names

    def close(self) -> None:
        """End the actor."""
        ray.kill(self._actor)

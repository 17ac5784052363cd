"""Agents: `ActiveLearningAgent`, and `AgentActor`, the same agent as a Ray actor.

The actor is loaded when it is used: loading it loads Ray.
"""

from typing import TYPE_CHECKING, Any

from lightly_ray.active_learning.agents.agent import ActiveLearningAgent

if TYPE_CHECKING:
    from lightly_ray.active_learning.agents.agent_actor import AgentActor

__all__ = ["ActiveLearningAgent", "AgentActor"]


def __getattr__(name: str) -> Any:
    if name != "AgentActor":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from lightly_ray.active_learning.agents.agent_actor import AgentActor  # noqa: PLC0415 - loading it loads Ray

    return AgentActor

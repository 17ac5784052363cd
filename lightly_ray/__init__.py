"""Active learning on Ray: which of your unlabelled images should be labelled next?

The names below are loaded when they are first used; importing this package starts nothing.

    embed, Embedded                       images -> embeddings                         parallel/, embedding/
    select, Selection                     which rows of a dataset to label             parallel/, selection/
    score                                 predictions -> scores per sample             parallel/, scores/
    ApiWorkflowClient                     the client of the platform                   api/
    ActiveLearningAgent, AgentActor       query sets, tags, selections                 active_learning/agents/
    SamplerConfig, SelectionConfig,
    SamplingMethod                        what to ask of the agent                     active_learning/config/
    Scorer, ScorerClassification,
    ScorerObjectDetection,
    ScorerSemanticSegmentation,
    ScorerKeypointDetection               predictions of a model, and their scores     active_learning/scorers/
    LightlyRayError                       base of every deliberate error               errors.py
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lightly_ray.active_learning.agents import ActiveLearningAgent
    from lightly_ray.active_learning.agents.agent_actor import AgentActor
    from lightly_ray.active_learning.config import SamplerConfig, SamplingMethod, SelectionConfig
    from lightly_ray.active_learning.scorers import (
        Scorer,
        ScorerClassification,
        ScorerKeypointDetection,
        ScorerObjectDetection,
        ScorerSemanticSegmentation,
    )
    from lightly_ray.api import ApiWorkflowClient
    from lightly_ray.errors import LightlyRayError
    from lightly_ray.parallel.embedding.embed import Embedded, embed
    from lightly_ray.parallel.scoring.score import score
    from lightly_ray.parallel.selection.select import Selection, select

__version__ = "0.1.0"

_HOMES = {
    "ActiveLearningAgent": "active_learning.agents",
    "AgentActor": "active_learning.agents.agent_actor",
    "ApiWorkflowClient": "api",
    "Embedded": "parallel.embedding.embed",
    "LightlyRayError": "errors",
    "SamplerConfig": "active_learning.config",
    "SamplingMethod": "active_learning.config",
    "Scorer": "active_learning.scorers",
    "ScorerClassification": "active_learning.scorers",
    "ScorerKeypointDetection": "active_learning.scorers",
    "ScorerObjectDetection": "active_learning.scorers",
    "ScorerSemanticSegmentation": "active_learning.scorers",
    "Selection": "parallel.selection.select",
    "SelectionConfig": "active_learning.config",
    "embed": "parallel.embedding.embed",
    "score": "parallel.scoring.score",
    "select": "parallel.selection.select",
}

__all__ = [
    "ActiveLearningAgent",
    "AgentActor",
    "ApiWorkflowClient",
    "Embedded",
    "LightlyRayError",
    "SamplerConfig",
    "SamplingMethod",
    "Scorer",
    "ScorerClassification",
    "ScorerKeypointDetection",
    "ScorerObjectDetection",
    "ScorerSemanticSegmentation",
    "Selection",
    "SelectionConfig",
    "embed",
    "score",
    "select",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])

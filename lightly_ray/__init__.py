"""Active learning on Ray: which of your unlabelled images should be labelled next?

The names below are loaded when they are first used; importing this package starts nothing.

    embed, Embedded                       images -> embeddings
    score, typicality                     predictions -> scores per sample; embeddings -> one that needs no model
    select, Selection                     which rows of a dataset to label
    training_dataset                      what is labelled of a tag, to train on, and what is held out
    ApiWorkflowClient                     the client of the platform
    ActiveLearningAgent, AgentActor       query sets, tags, selections; the same as a Ray actor
    SamplerConfig, SelectionConfig,
    SamplingMethod                        what to ask of the agent
    Scorer, ScorerClassification,
    ScorerObjectDetection,
    ScorerSemanticSegmentation,
    ScorerKeypointDetection               predictions of a model, and their scores
    LightlyRayError                       base of every deliberate error

The house, from the ground up; what stands in one line knows only the lines above it:

    errors, progress, _types              every deliberate error; progress on standard error; argument types
    compiled, kernel_cache                numba, and where compiled functions are kept
    methods, bitmask                      the methods, their needs and sizes; sets of rows
    deploy/                               files to install by, which `lightly-ray deploy` prints
    settings, setting_words               `key=value` settings: typed; and where their words come from
    data/                                 arrays in and out: locations, ids, vectors, formats, the checks at the door
    embedding/                            images -> vectors: models, axes fitted on them; a linear classifier
    sampler_config                        the settings of one query
    scores/                               how much each sample would teach: one formula, one function
    evaluation/                           how good predictions are against labels, and which labels are likely wrong
    selection/                            which rows to pick: the exact engine, without Ray
    api/                                  the HTTP client of the platform
    parallel/                             embed, score and select on Ray
    report/                               what a selection has come to: figures beside random draws, and a page
    active_learning/                      the agent, its configuration and scorers, under the paths that users know
    openapi_generated/                    an import path that users have in their code
    platform/                             the server: routes, jobs, storage
    workflow/                             what jobs/ and the command do, one file per job
    cli                                   `lightly-ray`
    guide/                                architecture, protocol, tutorials and operating, as Markdown
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
    from lightly_ray.parallel.scoring.typicality import typicality
    from lightly_ray.parallel.selection.select import Selection, select
    from lightly_ray.workflow.training_dataset import training_dataset

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
    "training_dataset": "workflow.training_dataset",
    "typicality": "parallel.scoring.typicality",
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
    "training_dataset",
    "typicality",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])

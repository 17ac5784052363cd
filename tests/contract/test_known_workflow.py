"""The workflow as users of the published client have it in their scripts, `lightly` replaced by `lightly_ray`."""

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lightly_ray.api import ApiWorkflowClient

if TYPE_CHECKING:
    from lightly_ray.platform.embedded import EmbeddedPlatform

SCRIPT = """
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.active_learning.agents import ActiveLearningAgent
from lightly_ray.active_learning.config import SamplerConfig
from lightly_ray.active_learning.scorers import ScorerClassification
from lightly_ray.openapi_generated.swagger_client import SamplingMethod

api_client = ApiWorkflowClient(dataset_id='xyz', token='123')
al_agent = ActiveLearningAgent(api_client)
al_agent.query(SamplerConfig(n_samples=150, method=SamplingMethod.CORESET, name='initial-selection'))
initial_selection = al_agent.labeled_set

al_agent = ActiveLearningAgent(api_client, preselected_tag_name='initial-selection')
config = SamplerConfig(n_samples=200, method=SamplingMethod.CORAL, name='al-iteration-1')
al_agent.query(config, ScorerClassification(predictions))
found = al_agent.labeled_set, al_agent.added_set
"""


def test_known_workflow__runs_as_it_stands(
    uploaded: ApiWorkflowClient, live_platform: "EmbeddedPlatform", monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    names = uploaded.get_filenames()
    uploaded.upload_embeddings_from_arrays(names, rng.normal(size=(12, 4)))
    monkeypatch.setitem(os.environ, "LIGHTLY_SERVER_LOCATION", live_platform.url)
    # The numbers first: an id or a token may hold them too.
    script = SCRIPT.replace("150", "4").replace("200", "7")
    script = script.replace("'123'", repr(live_platform.token)).replace("'xyz'", repr(uploaded.dataset_id))
    seen = {"predictions": rng.dirichlet(np.ones(3), size=12)}
    exec(script, seen)  # the point is that the text runs unchanged
    labeled, added = seen["found"]
    assert len(seen["initial_selection"]) == 4
    assert len(labeled) == 7
    assert set(added) == set(labeled) - set(seen["initial_selection"])
    assert labeled == [name for name in names if name in labeled]

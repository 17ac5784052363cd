"""cluster.yaml is what Ray's cluster launcher takes, and submits nothing without a token."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import ray
import yaml

FILE = Path(__file__).parents[1] / "cluster.yaml"


@pytest.fixture
def cluster() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return loaded


def test_cluster_yaml__fits_the_schema_that_ray_ships(cluster: dict[str, Any]) -> None:
    schema = json.loads((Path(ray.__file__).parent / "autoscaler" / "ray-schema.json").read_text())
    jsonschema.validate(cluster, schema)


def test_cluster_yaml__has_head_and_worker_types(cluster: dict[str, Any]) -> None:
    assert set(cluster["available_node_types"]) == {"head", "worker"}
    assert cluster["head_node_type"] == "head"


def test_cluster_yaml__starts_ray_with_tokens_on_every_node(cluster: dict[str, Any]) -> None:
    starts = [
        line for kind in ("head", "worker") for line in cluster[f"{kind}_start_ray_commands"] if "ray start" in line
    ]
    assert len(starts) == 2
    assert all("RAY_AUTH_MODE=token" in line for line in starts)
    assert any(path.endswith("/.ray/auth_token") for path in cluster["file_mounts"])


def test_cluster_yaml__sets_up_from_this_package(cluster: dict[str, Any]) -> None:
    (place,) = [there for there, here in cluster["file_mounts"].items() if here == "."]
    assert any(f"pip install '{place}" in line for line in cluster["setup_commands"])

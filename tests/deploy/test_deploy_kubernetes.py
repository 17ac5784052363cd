"""The Kubernetes files: core kinds against Kubernetes' own schemas, KubeRay's against the fields that it documents.

No package brings KubeRay's definitions, so the fields of its kinds stand here, as its reference documents them for
version 1.6 (https://docs.ray.io/en/latest/cluster/kubernetes/references/api.html); the pods within them are checked
by Kubernetes' schema. No cluster is here to apply them to.
"""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import kubernetes_validate
import pytest
import ray
import yaml

from lightly_ray import deploy
from lightly_ray.platform.settings import ServeSettings, WorkerSettings
from lightly_ray.settings import Settings, parse
from lightly_ray.workflow.select_samples import SelectSamplesSettings

FILES = ["platform", "network-policy", "ray-cluster", "ray-job", "ray-cron-job"]
CORE = ["platform", "network-policy"]
RAY_CLUSTER = {
    "rayVersion": str,
    "authOptions": dict,
    "enableInTreeAutoscaling": bool,
    "autoscalerOptions": dict,
    "headGroupSpec": dict,
    "workerGroupSpecs": list,
}
HEAD_GROUP = {"rayStartParams": dict, "template": dict}
WORKER_GROUP = {**HEAD_GROUP, "groupName": str, "replicas": int, "minReplicas": int, "maxReplicas": int}
RAY_JOB = {
    "entrypoint": str,
    "shutdownAfterJobFinishes": bool,
    "ttlSecondsAfterFinished": int,
    "activeDeadlineSeconds": int,
    "backoffLimit": int,
    "rayClusterSpec": dict,
}
RAY_CRON_JOB = {"schedule": str, "jobTemplate": dict}
KUBERNETES = "1.33"


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(deploy.text(name)))


def fits(spec: dict[str, Any], fields: Mapping[str, type]) -> None:
    assert set(spec) <= set(fields), f"not documented: {set(spec) - set(fields)}"
    for name, value in spec.items():
        assert isinstance(value, fields[name]), name


def clusters() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "ray-cluster", documents("ray-cluster")[0]["spec"]
    yield "ray-job", documents("ray-job")[0]["spec"]["rayClusterSpec"]
    yield "ray-cron-job", documents("ray-cron-job")[0]["spec"]["jobTemplate"]["rayClusterSpec"]


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    """All templates of pods."""
    for document in documents("platform"):
        if document["kind"] == "Deployment":
            yield document["metadata"]["name"], document["spec"]["template"]
    for name, cluster in clusters():
        yield f"{name} head", cluster["headGroupSpec"]["template"]
        for group in cluster["workerGroupSpecs"]:
            yield f"{name} {group['groupName']}", group["template"]


@pytest.mark.parametrize("name", CORE)
def test_core_kinds__fit_the_schemas_of_kubernetes(name: str) -> None:
    for document in documents(name):
        kubernetes_validate.validate(document, KUBERNETES, strict=True)


def test_schemas__would_find_a_wrong_field() -> None:
    document = documents("network-policy")[0]
    document["spec"]["policyType"] = document["spec"].pop("policyTypes")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, KUBERNETES, strict=True)


@pytest.mark.parametrize(("name", "pod"), list(pods()), ids=lambda one: one if isinstance(one, str) else "")
def test_pods__fit_the_schema_and_run_as_no_root(name: str, pod: dict[str, Any]) -> None:
    whole = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, **pod}
    kubernetes_validate.validate(whole, KUBERNETES, strict=True)
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    for container in pod["spec"]["containers"]:
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["resources"]["limits"]["memory"]
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["spec"]["volumes"]}, name


@pytest.mark.parametrize(("name", "cluster"), list(clusters()), ids=lambda one: one if isinstance(one, str) else "")
def test_clusters__have_documented_fields_tokens_and_probes(name: str, cluster: dict[str, Any]) -> None:
    fits(cluster, RAY_CLUSTER)
    fits(cluster["headGroupSpec"], HEAD_GROUP)
    assert cluster["authOptions"] == {"mode": "token"}
    assert cluster["rayVersion"] == ray.__version__, name
    templates = [cluster["headGroupSpec"]["template"]]
    for group in cluster["workerGroupSpecs"]:
        fits(group, WORKER_GROUP)
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
        templates.append(group["template"])
    for template in templates:
        (container,) = template["spec"]["containers"]
        probes = [container[kind]["exec"]["command"] for kind in ("startupProbe", "livenessProbe", "readinessProbe")]
        assert probes[0] == probes[1] == probes[2]
        assert probes[0][:2] == ["python", "-c"]
        compile(probes[0][2], "probe", "exec")


def test_ray_job__and_cron_job_have_documented_fields() -> None:
    (job,), (nightly,) = documents("ray-job"), documents("ray-cron-job")
    assert [one["apiVersion"] for one in (job, nightly, *documents("ray-cluster"))] == ["ray.io/v1"] * 3
    assert (job["kind"], nightly["kind"]) == ("RayJob", "RayCronJob")
    fits(job["spec"], RAY_JOB)
    fits(nightly["spec"], RAY_CRON_JOB)
    fits(nightly["spec"]["jobTemplate"], RAY_JOB)
    assert len(nightly["spec"]["schedule"].split()) == 5


def test_ray_job__its_settings_are_those_of_the_job() -> None:
    python, script, *words = shlex.split(documents("ray-job")[0]["spec"]["entrypoint"])
    assert (python, script) == ("python", "jobs/select_samples.py")
    assert parse(SelectSamplesSettings, words).n_samples == "10000"


def test_nightly__runs_the_nightly_job() -> None:
    assert documents("ray-cron-job")[0]["spec"]["jobTemplate"]["entrypoint"].startswith("python jobs/select_new.py ")


@pytest.mark.parametrize(
    ("name", "model"), [("lightly-ray-server", ServeSettings), ("lightly-ray-worker", WorkerSettings)]
)
def test_platform__its_commands_have_settings_that_are_there(
    name: str, model: type[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIGHTLY_RAY_DATABASE", "postgresql://u:p@h/n")
    (container,) = dict(pods())[name]["spec"]["containers"]
    settings = parse(model, container["command"][2:])
    assert settings.model_dump()["log_format"] == "json"


def test_platform__probes_ask_routes_that_are_there() -> None:
    (container,) = dict(pods())["lightly-ray-server"]["spec"]["containers"]
    asked = [container[kind]["httpGet"]["path"] for kind in ("startupProbe", "livenessProbe", "readinessProbe")]
    assert asked == ["/healthz", "/healthz", "/readyz"]


def test_network_policy__selects_pods_that_are_there() -> None:
    labels = [pod["metadata"]["labels"] for name, pod in pods() if name.startswith("lightly-ray-")]
    for policy in documents("network-policy")[:2]:
        wanted = policy["spec"]["podSelector"]["matchLabels"]
        assert [one for one in labels if wanted.items() <= one.items()] == [wanted]

"""Dashboard and alert rules name metrics that are exported, all of them; Prometheus' own tool reads the rules."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from lightly_ray import deploy
from lightly_ray.parallel import metrics
from tests.conftest import missing

if TYPE_CHECKING:
    from lightly_ray.platform.embedded import EmbeddedPlatform

GUIDE = Path(deploy.__file__).parents[1] / "guide"


def panels() -> list[dict[str, Any]]:
    return [panel for panel in json.loads(deploy.text("grafana"))["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def rules() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(deploy.text("alerts"))["groups"][0]["rules"]
    return found


def named(text: str) -> set[str]:
    return set(re.findall(r"\b(?:ray_)?lightly_ray_\w+", text))


@pytest.fixture(scope="module")
def of_platform(live_platform: "EmbeddedPlatform") -> dict[str, set[str]]:
    """Per series of the platform, its labels."""
    headers = {"Authorization": f"Bearer {live_platform.token}"}
    requests.get(f"{live_platform.url}/v1/quota", headers=headers, timeout=9)
    page = requests.get(f"{live_platform.url}/metrics", headers=headers, timeout=9).text
    samples = [one for family in text_string_to_metric_families(page) for one in family.samples]
    return {one.name: set(one.labels) for one in samples}


def test_dashboard__every_metric_that_it_names_is_exported(of_platform: dict[str, set[str]]) -> None:
    of_ray = {metrics.exported_name(metric) for metric in metrics.ALL}
    shown = set().union(*map(named, expressions()))
    assert shown <= of_ray | set(of_platform)
    assert of_ray <= shown
    assert {name for name in of_platform if not name.endswith(("_created", "_sum", "_count", "_bucket"))} <= shown


def test_dashboard__groups_by_labels_that_are_there(of_platform: dict[str, set[str]]) -> None:
    there = set().union(*of_platform.values()) | {"instance"}  # which Prometheus adds
    for expression in [*expressions(), *(rule["expr"] for rule in rules())]:
        for labels in re.findall(r"by \(([\w, ]+)\)", expression):
            assert set(labels.split(", ")) <= there, expression


def test_dashboard__places_its_panels_without_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    numbers = [panel["id"] for panel in json.loads(deploy.text("grafana"))["panels"]]
    assert len(set(numbers)) == len(numbers)


def test_alerts__every_metric_that_they_name_is_exported(of_platform: dict[str, set[str]]) -> None:
    of_ray = {metrics.exported_name(metric) for metric in metrics.ALL}
    assert len(rules()) > 4
    for rule in rules():
        assert named(rule["expr"]) <= of_ray | set(of_platform), rule["alert"]
    jobs = {one["job_name"] for one in yaml.safe_load(deploy.text("prometheus"))["scrape_configs"]}
    assert set(re.findall(r'job="([^"]+)"', deploy.text("alerts"))) <= jobs


def test_alerts__each_has_its_place_in_the_guide() -> None:
    page = (GUIDE / "what_to_do_when.md").read_text()
    for rule in rules():
        assert f"`{rule['alert']}`" in page


@pytest.mark.full
def test_prometheus__reads_rules_expressions_and_configuration(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        missing("prometheus", "there is no promtool")
    (tmp_path / "lightly-ray-alerts.yml").write_text(deploy.text("alerts"))
    (tmp_path / "prometheus.yml").write_text(deploy.text("prometheus"))
    recorded = [
        {"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "5m")}
        for number, expression in enumerate(expressions())
    ]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": recorded}]}))
    for words in (
        ["check", "rules", "lightly-ray-alerts.yml", "panels.yml"],
        ["check", "config", "--syntax-only", "prometheus.yml"],
    ):
        done = subprocess.run(["promtool", *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

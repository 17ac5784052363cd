"""Ray's metrics and dashboard say what this library does, and nothing where no Ray runs."""

import json
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import ray

import lightly_ray
from lightly_ray.parallel import metrics

_PATIENCE = 60.0  # seconds; Ray reports every ten


def _exported(name: str) -> float:
    """The sum over all processes on the node of the tests."""
    (node,) = [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]  # Ray leaves it untyped
    page = urllib.request.urlopen(f"http://127.0.0.1:{node['MetricsExportPort']}/metrics").read().decode()
    return sum(float(value) for value in re.findall(rf"^{name}\{{[^}}]*\}} (\S+)$", page, re.MULTILINE))


def test_metrics__nothing_where_no_ray_runs() -> None:
    code = (
        "import sys, numpy as np, lightly_ray; from lightly_ray.parallel import metrics\n"
        "lightly_ray.select(np.eye(9), 3, 'coreset', progress=False); metrics.count(metrics.PICKS, 3)\n"
        "print('ray' in sys.modules, metrics._instruments)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "False {}"


def test_metrics__names_are_distinct_and_ours() -> None:
    names = [metrics.exported_name(metric) for metric in metrics.ALL]
    assert len(set(names)) == len(names) == 9
    assert all(name.startswith("ray_lightly_ray_") for name in names)
    assert sum(name.endswith("_total") for name in names) == 7


@pytest.mark.full
@pytest.mark.usefixtures("ray_local")
def test_metrics__ray_exports_what_a_selection_did() -> None:
    vectors = np.random.default_rng(5).normal(size=(201, 3))
    before = _exported("ray_lightly_ray_picks_total")
    selection = lightly_ray.select(vectors, 37, "coreset", progress=False)
    until = time.monotonic() + _PATIENCE
    while _exported("ray_lightly_ray_radius") != selection.radius:
        assert time.monotonic() < until
        time.sleep(0.5)
    assert _exported("ray_lightly_ray_picks_total") >= before + 37
    assert _exported("ray_lightly_ray_pairs_share") == selection.stats.evaluated_share


@pytest.mark.full
def test_ray__shows_metrics_and_telling_names(images: Path) -> None:
    """A program that embeds, scores and selects while one of two shards is killed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.parallel.watched", str(images)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    shown = json.loads(done.stdout.splitlines()[-1])
    values, expected = shown["metrics"], shown["expected"]
    assert set(values) == {metrics.exported_name(metric) for metric in metrics.ALL}
    assert values["ray_lightly_ray_rows_embedded_total"] == expected["images"] == 12
    assert values["ray_lightly_ray_rows_scored_total"] == 1203
    assert values["ray_lightly_ray_picks_total"] == 307
    assert values["ray_lightly_ray_restarts_total"] == 1
    assert values["ray_lightly_ray_rounds_total"] == expected["rounds"]
    assert values["ray_lightly_ray_driver_bytes_total"] == expected["driver_bytes"]
    assert values["ray_lightly_ray_radius"] == expected["radius"]
    assert values["ray_lightly_ray_pairs_share"] == expected["share"]
    # One of two shards was read twice; what the killed process had counted may not have been reported.
    assert 3001 <= values["ray_lightly_ray_rows_read_total"] < 2 * 3001
    assert shown["actors"] == ["lightly_ray shard 1 of 2", "lightly_ray shard 2 of 2"]
    assert {"MapBatches(_score_predictions)", "MapWorker(MapBatches(_EmbedImages)).submit"} <= set(shown["tasks"])

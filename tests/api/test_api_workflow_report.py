"""Reports of tags over client and command, against figures computed another way."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lightly_ray.active_learning.agents import ActiveLearningAgent
from lightly_ray.active_learning.config import SamplerConfig
from lightly_ray.active_learning.scorers import ScorerClassification
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.data.labels.table import SCHEMA, checked
from lightly_ray.errors import InvalidInputError, NotFoundError
from lightly_ray.platform.embedded import EmbeddedPlatform

GENERATOR = np.random.default_rng(4)
VECTORS = GENERATOR.normal(size=(12, 5)).astype(np.float32)
PREDICTIONS = GENERATOR.dirichlet(np.ones(3), size=12)


@pytest.fixture
def rounds(uploaded: ApiWorkflowClient) -> ApiWorkflowClient:
    """A held-out set, two rounds, a random one beside the second, and how good their models were."""
    names = uploaded.get_filenames()
    uploaded.upload_embeddings_from_arrays(names, VECTORS)
    uploaded.create_validation_tag(0.3)
    agent, random = ActiveLearningAgent(uploaded), ActiveLearningAgent(uploaded)
    agent.query(SamplerConfig("CORESET", 2, name="round 0"))
    agent.query(SamplerConfig("CORAL", 5, name="round 1"), ScorerClassification(PREDICTIONS))
    random = ActiveLearningAgent(uploaded, preselected_tag_name="round 0")
    random.query(SamplerConfig("RANDOM", 5, name="random 1"))
    rows = [{"filename": name, "annotations": [{"class": name.split("/")[0]}]} for name in names]
    uploaded.import_labels(checked("classification", pa.Table.from_pylist(rows, SCHEMA), "test"), "all")
    right = np.array([name.startswith("dogs") for name in names], dtype=float)
    for tag, share in {"round 0": 0.4, "round 1": 0.9, "random 1": 0.9}.items():
        dogs = np.where(right == 1, share, 1 - share)
        table = pa.table({"filename": names, "probabilities": np.stack([1 - dogs, dogs], axis=1).tolist()})
        uploaded.upload_predictions("classification", table, tag, classes=["cats", "dogs"])
        uploaded.evaluate(tag, tag="validation")
    uploaded.evaluate("round 1", tag="round 1")  # on what it has learned from: that does not count
    return uploaded


def units(vectors: np.ndarray) -> np.ndarray:
    wide = vectors.astype(np.float64)
    return np.asarray(wide / np.linalg.norm(wide, axis=1, keepdims=True))


def test_report__figures(rounds: ApiWorkflowClient) -> None:
    names = rounds.get_filenames()
    tags = {tag.name: tag.mask.to_rows() for tag in rounds.get_all_tags()}
    figures = rounds.report("round 1").figures
    offered = np.setdiff1d(np.arange(12), tags["validation"])
    added = np.setdiff1d(tags["round 1"], tags["round 0"])
    pairs = np.linalg.norm(units(VECTORS)[offered][:, None] - units(VECTORS)[None], axis=2)
    for key, of in (("mean", np.mean), ("radius", np.max)):
        told = figures["cover"][key]
        assert told["before"] == pytest.approx(of(pairs[:, tags["round 0"]].min(axis=1)), abs=1e-3)
        assert told["after"] == pytest.approx(of(pairs[:, tags["round 1"]].min(axis=1)), abs=1e-3)
        assert told["compared"]["low"] <= told["compared"]["mean"] <= told["compared"]["high"] <= told["before"] + 1e-3
    assert figures["tag"] | {"id": ""} == {
        "id": "",
        "name": "round 1",
        "samples": 5,
        "added": 3,
        "before": 2,
        "pool": 6,
        "held_out": 4,
    }
    assert sorted(one["filename"] for one in figures["chosen"]) == sorted(names[row] for row in added)
    assert all(one["label"] == one["filename"].split("/")[0] for one in figures["chosen"])
    margins = ScorerClassification(PREDICTIONS).calculate_scores()["uncertainty_margin"]
    assert figures["scores"]["compared"]["chosen"] == pytest.approx(margins[added].mean(), rel=1e-4)
    assert figures["scores"]["name"] == "uncertainty_margin"
    classes = {one["name"]: one["chosen"] for one in figures["labelled"]["classes"]}
    assert sum(classes.values()) == 3
    assert sum(len(figures["picture"][kind]) for kind in ("pool", "before", "new")) == len(offered)
    assert rounds.report("round 1").figures == figures  # kept


def test_report__rounds_are_measured_on_what_is_held_out(rounds: ApiWorkflowClient) -> None:
    over = rounds.report("round 1").figures["rounds"]
    told = [(one["tag"], one["labels"], one["accuracy"], one["measured_on"]) for one in over["rounds"]]
    assert told == [("round 0", 2, 0.0, 4), ("round 1", 5, 1.0, 4)]
    assert [(one["tag"], one["accuracy"]) for one in over["random"]] == [("round 0", 0.0), ("random 1", 1.0)]
    assert over["against_random"]["verdict"] == "within"
    assert over["going_on"]["left"] == 3
    assert over["going_on"]["labels_for_a_point"] == 1
    assert rounds.report("random 1").figures["rounds"]["random"] == []  # it is a random line itself
    assert rounds.report("round 0").figures["rounds"]["going_on"]["why_not"] == "two rounds with an accuracy are needed"


def test_report__says_what_has_changed_since(rounds: ApiWorkflowClient) -> None:
    name = rounds.get_filenames()[0]
    table = pa.Table.from_pylist([{"filename": name, "annotations": [{"class": "dogs"}]}], SCHEMA)
    rounds.import_labels(checked("classification", table, "test"), "all")
    notes = " ".join(rounds.report("round 1").figures["notes"])
    assert "Labels or predictions have changed since these were measured: random 1, round 0, round 1." in notes


def test_report__of_a_dataset_without_anything(uploaded: ApiWorkflowClient) -> None:
    uploaded.create_tag_from_filenames(uploaded.get_filenames()[:4], "by hand")
    report = uploaded.report("by hand")
    missing = [key for key, value in report.figures.items() if value is None]
    assert sorted(missing) == ["cover", "duplicates", "labelled", "picture", "predicted", "scores"]
    assert "The dataset has no embedding" in report.html
    assert report.html.count("<img src=") == 4
    with pytest.raises(InvalidInputError, match="has all samples: there is nothing to report"):
        uploaded.report("initial-tag")
    with pytest.raises(NotFoundError, match="no tag 'nothing'"):
        uploaded.report("nothing")


def test_report__is_safe_to_open(client: ApiWorkflowClient, images: Path, tmp_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)>'\".png"
    for number, name in enumerate([hostile, "b.png", "c.png"]):
        (tmp_path / name).write_bytes((images / f"cats/{number}.png").read_bytes())
    client.upload_dataset(tmp_path, mode="full")
    client.create_tag_from_filenames([hostile, "c.png"], "chosen")
    script = "</style><script>alert(2)</script>"
    rows = [{"filename": name, "annotations": [{"class": script}]} for name in (hostile, "b.png", "c.png")]
    client.import_labels(checked("classification", pa.Table.from_pylist(rows, SCHEMA), "test"), "all")
    page = client.report("chosen").html
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert page.count("&lt;/style&gt;&lt;script&gt;") == 4  # of two samples, in the balance, and in the rounds
    assert 'content="default-src &#x27;none&#x27;; img-src data:; style-src' in page


@pytest.mark.full
def test_report__command(rounds: ApiWorkflowClient, live_platform: EmbeddedPlatform, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(live_platform.token)
    where = [f"server={live_platform.url}", f"token_file={tmp_path / 'token'}", f"dataset_id={rounds.dataset_id}"]
    call = [sys.executable, "-c", "from lightly_ray.cli import main; main()", "report", *where]
    done = subprocess.run(
        [*call, "tag_name=round 1"], capture_output=True, text=True, check=True, timeout=60, cwd=tmp_path
    )
    told: dict[str, Any] = json.loads(done.stdout)
    assert (told["tag"], Path(told["page"]).name) == ("round 1", "report-round-1.html")
    assert json.loads((tmp_path / "report-round-1.json").read_text()) == rounds.report("round 1").figures
    assert (tmp_path / "report-round-1.html").read_text().startswith("<!doctype html>")
    failed = subprocess.run([*call, "tag_name=none"], capture_output=True, text=True, check=False, timeout=60)
    assert failed.returncode
    assert "no tag 'none'" in failed.stderr

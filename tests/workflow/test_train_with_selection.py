"""Training that selects, as users run it: on a folder, killed and submitted again, with both learners."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.embedding.linear_head import Weights
from lightly_ray.errors import InvalidInputError, MissingExtraError
from lightly_ray.platform.embedded import EmbeddedPlatform
from lightly_ray.settings import parse
from lightly_ray.workflow.train_with_selection import TrainWithSelectionSettings, run_train_with_selection
from tests.conftest import missing

JOB = Path(__file__).parents[2] / "jobs" / "train_with_selection.py"
SMALL = {"initial": 5, "per_round": 4, "n_rounds": 2, "epochs": 20, "model": "descriptor", "learner": "sklearn"}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of stripes: upright, level, and none."""
    random, folder = np.random.default_rng(1), tmp_path_factory.mktemp("train") / "photos"
    for number in range(60):
        kind = ("flat", "level", "upright")[number % 3]
        pixels = random.integers(60, 120, (24, 20, 3))
        pixels[:: 4 if kind == "level" else 99, :: 4 if kind == "upright" else 1] += 100
        path = folder / kind / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(path)
    return folder


def _words(photos: Path, output: Path, **more: Any) -> list[str]:
    return [f"{key}={value}" for key, value in ({"input_dir": photos, "output_dir": output} | SMALL | more).items()]


def _train(photos: Path, output: Path, **more: Any) -> dict[str, Any]:
    return run_train_with_selection(parse(TrainWithSelectionSettings, _words(photos, output, **more)))


@pytest.fixture(scope="module")
def undisturbed(photos: Path, tmp_path_factory: pytest.TempPathFactory, ray_local: None) -> dict[str, Any]:
    """What a run comes to that nothing happens to."""
    output = tmp_path_factory.mktemp("undisturbed")
    result = _train(photos, output)
    with EmbeddedPlatform(output / "platform") as platform:
        client = ApiWorkflowClient(platform.token, dataset_id=result["dataset_id"], server=platform.url)
        tags = {tag.name: tag for tag in client.get_all_tags()}
        result["tags"] = {name: sorted(client.get_filenames_in_tag(tag)) for name, tag in tags.items()}
        assert tags["round-2"].preselected_tag_id == tags["round-1"].id
    return result


@pytest.mark.full
def test_train__learns_from_what_it_selects(undisturbed: dict[str, Any], photos: Path) -> None:
    assert (undisturbed["rounds"], undisturbed["labels"], undisturbed["learner"]) == (3, [5, 9, 13], "sklearn")
    assert all(0 <= accuracy <= 1 for accuracy in undisturbed["accuracy"])
    assert undisturbed["accuracy"][-1] > 0.6  # a third by guessing
    assert [len(undisturbed["tags"][f"round-{number}"]) for number in range(3)] == [5, 9, 13]
    assert set(undisturbed["tags"]["round-0"]) < set(undisturbed["tags"]["round-2"])
    weights = Weights.from_bytes(Path(undisturbed["weights"]).read_bytes())
    assert weights.weight.shape[0] == 3
    assert weights.steps == 20 * (5 + 9 + 13)
    output = Path(undisturbed["weights"]).parents[2]
    again = _train(photos, output)
    assert again["accuracy"] == undisturbed["accuracy"]


def _checkpoints(output: Path) -> int:
    return len(list(output.glob("training/*/checkpoints/rounds/checkpoint_*/rounds.json")))


def _tags(output: Path) -> int:
    """Rounds for which the platform has been asked, as its database says."""
    try:
        with closing(sqlite3.connect(f"file:{output / 'platform' / 'lightly_ray.db'}?mode=ro", uri=True)) as database:
            return int(database.execute("SELECT count(*) FROM tag_names WHERE name LIKE 'round-%'").fetchone()[0])
    except sqlite3.Error:  # it is not there yet, or has no tables
        return 0


def _reached(output: Path, wanted: str) -> bool:
    return _tags(output) >= 1 if wanted == "asked" else wanted == "finished" and _checkpoints(output) >= 1


@pytest.mark.full
@pytest.mark.parametrize("kills", [["finished"], ["asked", "finished"]])
def test_job__killed_in_a_round_ends_as_if_it_had_not_been(
    photos: Path, tmp_path: Path, undisturbed: dict[str, Any], kills: list[str]
) -> None:
    """SIGKILL when a selection has been asked for, or when a round is finished; then to the end."""
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    output = tmp_path / "output"
    for wanted in [*kills, "the end"]:
        with subprocess.Popen(
            [sys.executable, str(JOB), *_words(photos, output)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        ) as job:
            while job.poll() is None and not _reached(output, wanted):
                time.sleep(0.02)
            if job.poll() is None:
                os.kill(job.pid, signal.SIGKILL)
                continue
            assert job.stdout is not None
            (line,) = job.stdout.read().decode().splitlines()
            assert job.wait() == 0
    result = json.loads(line)
    for key in ("rounds", "labels", "accuracy", "learner", "dataset"):
        assert result[key] == undisturbed[key]
    assert Path(result["weights"]).read_bytes() == Path(undisturbed["weights"]).read_bytes()
    with EmbeddedPlatform(output / "platform") as platform:
        client = ApiWorkflowClient(platform.token, dataset_id=result["dataset_id"], server=platform.url)
        tags = {tag.name: sorted(client.get_filenames_in_tag(tag)) for tag in client.get_all_tags()}
    assert tags == undisturbed["tags"]


@pytest.mark.full
@pytest.mark.usefixtures("ray_local")
def test_train__by_scores_and_with_torch(photos: Path, tmp_path: Path) -> None:
    assert _train(photos, tmp_path, method="coral")["labels"] == [5, 9, 13]
    try:
        import torch
    except ModuleNotFoundError as error:
        missing("torch", str(error))
    assert torch.__version__
    one, other = (_train(photos, tmp_path / name, learner="torch") for name in ("one", "other"))
    assert one["learner"] == "torch"
    assert one["accuracy"] == other["accuracy"]
    assert one["accuracy"][-1] > 0.6


def test_train__what_cannot_be_is_one_clear_error(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInputError, match="= 49 samples are more than the 45 images of the pool"):
        _train(photos, tmp_path, initial=41)
    with pytest.raises(InvalidInputError, match="setting 'learner'"):
        _train(photos, tmp_path, learner="jax")
    monkeypatch.setattr("lightly_ray.embedding.learning.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"learner=torch needs torch: pip install"):
        _train(photos, tmp_path, learner="torch")
    shutil.copytree(photos / "flat", tmp_path / "single" / "alone")
    with pytest.raises(InvalidInputError, match="holds 1 classes, at least 2 are needed"):
        _train(tmp_path / "single", tmp_path)

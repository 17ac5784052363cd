"""The main job as a newcomer runs it: a process, its streams, its exit status, and what it leaves behind."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.errors import LightlyRayError
from lightly_ray.platform.embedded import EmbeddedPlatform
from lightly_ray.settings import parse
from lightly_ray.workflow import active_learning
from lightly_ray.workflow.active_learning import ActiveLearningSettings, run_active_learning
from tests.conftest import in_full

JOB = Path(__file__).parents[2] / "jobs" / "active_learning.py"
SMALL = ["initial=6", "per_round=4", "n_rounds=2"]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three classes of stripes: upright, level, and none."""
    random = np.random.default_rng(1)
    for number in range(60):
        kind = ("flat", "level", "upright")[number % 3]
        pixels = random.integers(60, 120, (24, 20, 3))
        pixels[:: 4 if kind == "level" else 99, :: 4 if kind == "upright" else 1] += 100
        path = tmp_path / "photos" / kind / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(path)
    return tmp_path / "photos"


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    return subprocess.run(
        [sys.executable, str(JOB), *words], capture_output=True, text=True, check=False, env=environment
    )


@pytest.mark.parametrize("seeds", [1, in_full(2)])
def test_job__runs_the_whole_loop_and_leaves_chained_tags(photos: Path, tmp_path: Path, seeds: int) -> None:
    (photos / "flat" / "zz-broken.png").write_bytes(b"broken")
    output = tmp_path / "output"
    done = _run(f"input_dir={photos}", f"output_dir={output}", *SMALL, f"seeds={seeds}")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    result = json.loads(line)
    assert set(result) == {"methods", "dataset_id", "server", "plot", "seconds"}
    assert set(result["methods"]) == {"random", "coreset", "coral", "auto"}
    for curve in result["methods"].values():
        assert curve["labels"] == [6, 10, 14]
        assert np.shape(curve["accuracy"]) == (seeds, 3)
        np.testing.assert_allclose(curve["mean"], np.mean(curve["accuracy"], axis=0))
        np.testing.assert_allclose(curve["std"], np.std(curve["accuracy"], axis=0))
    first = [[run[0] for run in curve["accuracy"]] for curve in result["methods"].values()]
    assert first[0] == first[1] == first[2] == first[3]
    with Image.open(result["plot"]) as plot:
        assert plot.size[0] > 500
    assert "flat/zz-broken.png" in done.stderr
    assert "1 skipped as corrupt" in done.stderr
    assert "lightly-ray serve data_dir=" in done.stderr.splitlines()[-1]
    with EmbeddedPlatform(output / "platform") as platform:
        client = ApiWorkflowClient(platform.token, dataset_id=result["dataset_id"], server=platform.url)
        tags = {tag.name: tag for tag in client.get_all_tags()}
        assert len(tags) == 1 + seeds * (1 + 4 * 2)
        assert len(client.get_filenames()) == 45  # a quarter of 60 is held out, the broken one was never uploaded
        starts = [tags[f"seed-{seed}-initial"].id for seed in range(seeds)]
        for seed, start in enumerate(starts):
            last, before = tags[f"seed-{seed}-coral-2"], tags[f"seed-{seed}-coral-1"]
            assert (last.prev_tag_id, before.prev_tag_id) == (before.id, start)
        assert len(set(starts)) == seeds
        assert len(client.download_descriptor()) > 1000


def _run_here(*words: str) -> dict[str, object]:
    """The job in this process, on the Ray of the tests."""
    return run_active_learning(parse(ActiveLearningSettings, words))


@pytest.mark.full
@pytest.mark.usefixtures("ray_local")
def test_job__works_on_a_running_platform(
    photos: Path, tmp_path: Path, live_platform: EmbeddedPlatform, capfd: pytest.CaptureFixture[str]
) -> None:
    token = tmp_path / "token"
    token.write_text(live_platform.token)
    there = [f"input_dir={photos}", f"output_dir={tmp_path / 'output'}", f"server={live_platform.url}"]
    result = _run_here(*there, f"token_file={token}", "initial=5", "per_round=3", "n_rounds=1", "seeds=1")
    assert result["server"] == live_platform.url
    assert live_platform.token not in str(result) + capfd.readouterr().err
    token.write_text("wrong")
    with pytest.raises(LightlyRayError, match="token"):
        _run_here(*there, f"token_file={token}", *SMALL, "seeds=2")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["input_dir={empty}"], "holds no image"),
        (["input_dir={photos}/nowhere"], "no folder"),
        (["input_dir={photos}", "initial=46"], "are more than the 45 images of the pool"),
        (["input_dir={photos}", "token_file=x"], "token_file is of a server"),
        (["input_dir={photos}", "dataset=v1"], "a dataset name has 3 to 255"),
        (["input_dir={photos}", "n_samples=3"], "unknown setting 'n_samples'"),
        (["input_dir={photos}", "server=http://127.0.0.1:1"], "the platform wants a token"),
        (["input_dir={single}"], "class 'alone'"),
    ],
)
def test_job__bad_input_is_one_deliberate_error_before_anything_is_started(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], message: str
) -> None:
    monkeypatch.delenv("LIGHTLY_TOKEN", raising=False)
    monkeypatch.setattr(active_learning, "connected", lambda: pytest.fail("Ray was started"))
    (tmp_path / "empty").mkdir()
    single = tmp_path / "single"
    for name in ("alone/a.png", "many/b.png", "many/c.png"):
        (single / name).parent.mkdir(parents=True, exist_ok=True)
        (single / name).write_bytes((photos / "flat" / "00.png").read_bytes())
    places = {"empty": tmp_path / "empty", "photos": photos, "single": single}
    output = tmp_path / "output"
    with pytest.raises(LightlyRayError, match=re.escape(message)):
        _run_here(*(word.format(**places) for word in words), f"output_dir={output}")
    assert not (output / "learning_curve.png").exists()


@pytest.mark.usefixtures("ray_local")
def test_job__a_port_that_is_taken_is_one_clear_line(photos: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LightlyRayError, match=rf"^[^\n]*{port}[^\n]*$"):
            _run_here(f"input_dir={photos}", f"port={port}", *SMALL, f"output_dir={tmp_path / 'output'}")
    assert not (tmp_path / "output" / "learning_curve.png").exists()


def _marked(mark: str) -> list[str]:
    """Processes that inherited a mark in their environment and are still there, zombies left out."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"MARK={mark}".encode() in (folder / "environ").read_bytes():
                found.append(f"{folder.name} {(folder / 'cmdline').read_bytes()!r}")
        except OSError:
            continue  # it ended while we looked, or is not ours
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads the process table of Linux")
@pytest.mark.full
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_job__ctrl_c_leaves_no_process(photos: Path, tmp_path: Path, kind: signal.Signals) -> None:
    words = [f"input_dir={photos}", f"output_dir={tmp_path / 'output'}", *SMALL, "seeds=50"]
    words.remove("seeds=2")
    mark = uuid.uuid4().hex
    with subprocess.Popen(
        [sys.executable, str(JOB), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "MARK": mark},
    ) as job:
        assert job.stderr is not None
        for line in job.stderr:
            if b"active learning" in line:
                break
        _wait_for(lambda: len(_marked(mark)) > 3)  # the job, the server, the worker, Ray
        job.send_signal(kind)
        _, rest = job.communicate()
    assert job.returncode == 130
    assert rest.decode().splitlines()[-1] == "interrupted"
    _wait_for(lambda: not _marked(mark))


def _wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.1)


def test_job__an_output_folder_that_is_a_file_is_found_before_the_work(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = f"output '{tmp_path}/file/learning_curve.png' cannot be written: what should be its folder is a file"
    with pytest.raises(LightlyRayError, match=f"^{re.escape(message)}$"):
        _run_here(f"input_dir={photos}", f"output_dir={tmp_path}/file", *SMALL)

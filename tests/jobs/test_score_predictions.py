"""The scoring job as its user runs it: a process, its streams, its exit status, and what it leaves behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightly_ray.active_learning.scorers import ScorerClassification
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.errors import InvalidInputError
from lightly_ray.platform.embedded import EmbeddedPlatform
from lightly_ray.settings import parse
from lightly_ray.workflow.score_predictions import ScorePredictionsSettings, run_score_predictions

JOB = Path(__file__).parents[2] / "jobs" / "score_predictions.py"
NAMES = [f"{number:02}.jpg" for number in range(23)]


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    return _write(tmp_path / "predictions.parquet", NAMES)


def _write(path: Path, names: list[str], **bad: list[float]) -> Path:
    values = np.random.default_rng(4).random((len(names), 5))
    values /= values.sum(axis=1, keepdims=True)
    rows = [bad.get(name.removesuffix(".jpg"), row) for name, row in zip(names, values, strict=True)]
    pq.write_table(pa.table({"filename": names, "probabilities": rows}), path)
    return path


def _command(*words: str) -> list[str]:
    return [sys.executable, str(JOB), *words]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_command(*words), capture_output=True, text=True, check=False, env=_environment())


def _settings(**values: Any) -> ScorePredictionsSettings:
    return parse(ScorePredictionsSettings, [f"{key}={value}" for key, value in values.items()])


def _expected(path: Path) -> dict[str, dict[str, float]]:
    table = pq.read_table(path)
    scores = ScorerClassification(table).calculate_scores()
    return {name: dict(zip(table["filename"].to_pylist(), values, strict=True)) for name, values in scores.items()}


def test_job__writes_scores_and_one_line_and_knows_its_work(predictions: Path, tmp_path: Path) -> None:
    output = tmp_path / "scores.parquet"
    words = [f"predictions={predictions}", "task=classification", f"output={output}"]
    done = _run(*words)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    result = json.loads(line)
    assert (result["samples"], result["skipped"], result["output"]) == (23, 0, str(output))
    assert "score: 23 of 23 samples" in done.stderr
    table = pq.read_table(output)
    expected = _expected(predictions)
    assert table.column_names == ["filename", *expected]
    for name, by_file in expected.items():
        assert dict(zip(table["filename"].to_pylist(), table[name].to_pylist(), strict=True)) == by_file
        summary = result["scores"][name]
        values = list(by_file.values())
        assert (summary["min"], summary["max"]) == (min(values), max(values))
        assert summary["mean"] == pytest.approx(np.mean(values))
    written = output.stat().st_mtime_ns
    again = _run(*words)
    assert again.returncode == 0
    assert json.loads(again.stdout) == result
    assert "finished already" in again.stderr
    assert output.stat().st_mtime_ns == written
    assert sorted(path.name for path in tmp_path.iterdir()) == ["predictions.parquet", "scores.parquet"]


def test_job__bad_input_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    done = _run("predictions=absent.parquet", "task=classification", f"output={tmp_path / 'out' / 'scores.parquet'}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: there is no file or folder 'absent.parquet'\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.full
def test_job__a_bad_prediction_is_told_without_a_traceback(tmp_path: Path) -> None:
    predictions = _write(tmp_path / "predictions.parquet", NAMES, **{"07": [0.5, 0.6, 0, 0, 0]})
    done = _run(f"predictions={predictions}", "task=classification", f"output={tmp_path / 'scores.parquet'}")
    assert (done.returncode, done.stdout) == (1, "")
    assert "error: 1 of 23 predictions cannot be used, first: '07.jpg' has class probabilities" in done.stderr
    assert "Traceback" not in done.stderr


def test_job__settings_that_cannot_be_used() -> None:
    done = _run("predictions=x", "output=y", "task=depth")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: setting 'task'")
    assert len(done.stderr.splitlines()) == 1


# The job with many small pieces and parts, so that there is time to interrupt it between two of them.
_IN_SMALL_STEPS = """
from lightly_ray.data import resumable_output
from lightly_ray.data.predictions import row_groups
from lightly_ray.settings import run
from lightly_ray.workflow.score_predictions import ScorePredictionsSettings, run_score_predictions

resumable_output.PART_SECONDS = 0.0
row_groups.PIECE_ROWS = 50
run(run_score_predictions, ScorePredictionsSettings)
"""


@pytest.mark.full
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_job__interrupted_goes_on(number: signal.Signals, tmp_path: Path) -> None:
    predictions = _write(tmp_path / "predictions.parquet", [f"{row:05}.jpg" for row in range(1_500)])
    pq.write_table(pq.read_table(predictions), predictions, row_group_size=50)
    expected = _expected(predictions)
    output = tmp_path / "out" / "scores.parquet"
    words = [f"predictions={predictions}", "task=classification", f"output={output}"]
    in_steps = [sys.executable, "-c", _IN_SMALL_STEPS, *words]
    with subprocess.Popen(in_steps, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()) as process:
        while process.poll() is None and len(list(output.parent.glob("*.parts/*0.parquet"))) < 3:
            time.sleep(0.02)
        process.send_signal(number)
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    assert [path.name for path in output.parent.iterdir()] == ["scores.parquet.parts"]
    _overwrite_first_rows(predictions)
    done = subprocess.run(in_steps, capture_output=True, text=True, check=False, env=_environment())
    assert done.returncode == 0, done.stderr
    assert re.search(r"an earlier run scored [\d,]+ samples, going on behind them", done.stderr)
    assert json.loads(done.stdout)["samples"] == 1_500
    table = pq.read_table(output)
    assert table["filename"].to_pylist() == [f"{row:05}.jpg" for row in range(1_500)]
    for name, by_file in expected.items():
        assert table[name].to_pylist() == list(by_file.values())
    assert [path.name for path in output.parent.iterdir()] == ["scores.parquet"]


def _overwrite_first_rows(path: Path) -> None:
    """Put garbage in place of what must have been scored when there are parts; the file looks as before."""
    before, first = path.stat(), pq.read_metadata(path).row_group(0)
    with path.open("r+b") as file:
        file.seek(4)
        file.write(b"\xff" * sum(first.column(place).total_compressed_size for place in range(first.num_columns)))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.full
def test_job__interrupted_at_any_moment_leaves_parts_at_most(tmp_path: Path) -> None:
    # While Ray starts, while it scores, while it writes; each run goes on behind the one before it.
    names = [f"{number:07}.jpg" for number in range(300_000)]
    predictions = _write(tmp_path / "predictions.parquet", names)
    output = tmp_path / "out" / "scores.parquet"
    words = _command(f"predictions={predictions}", "task=classification", f"output={output}")
    for wait in (2, 4, 5, 6, 7, 8, 600):
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()) as process:
            try:
                finished = process.wait(wait) == 0
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGINT)
                finished = process.wait(60) == 0
        assert {path.name for path in output.parent.glob("*")} <= {"scores.parquet" + ".parts" * (not finished)}
    assert pq.read_table(output)["filename"].to_pylist() == names


@pytest.mark.usefixtures("ray_local")
class TestFunction:
    """The function behind the job, on the Ray of the tests."""

    def test_run__a_bad_row_names_its_sample_and_leaves_nothing(self, tmp_path: Path) -> None:
        predictions = _write(tmp_path / "predictions.parquet", NAMES, **{"07": [0.5, 0.6, 0, 0, 0]})
        output = tmp_path / "scores.parquet"
        with pytest.raises(InvalidInputError, match=r"first: '07\.jpg' has class probabilities whose sum"):
            run_score_predictions(_settings(predictions=predictions, task="classification", output=output))
        assert [path.name for path in tmp_path.iterdir()] == ["predictions.parquet"]

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            ({"task": "keypoints"}, "keypoints needs predictions in columns keypoints; got filename, probabilities"),
            ({"id_column": "image"}, "there is no column 'image' in the predictions"),
        ],
    )
    def test_run__bad_input_leaves_nothing(
        self, words: dict[str, str], message: str, predictions: Path, tmp_path: Path
    ) -> None:
        given = {"predictions": predictions, "task": "classification", "output": tmp_path / "scores.parquet"}
        with pytest.raises(InvalidInputError, match=message):
            run_score_predictions(_settings(**{**given, **words}))
        assert [path.name for path in tmp_path.iterdir()] == ["predictions.parquet"]

    def test_run__skip_counts_and_lists(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        bad = {"07": [0.5, 0.6, 0, 0, 0], "21": [float("nan")] * 5}
        predictions = _write(tmp_path / "predictions.parquet", NAMES, **bad)
        output = tmp_path / "scores.parquet"
        result = run_score_predictions(
            _settings(predictions=predictions, task="classification", output=output, on_error="skip")
        )
        assert (result["samples"], result["skipped"]) == (21, 2)
        assert result["skipped_samples"] == {
            "07.jpg": "class probabilities whose sum is not 1 within 0.001",
            "21.jpg": "a value that is NaN",
        }
        assert "skipped: 21.jpg has a value that is NaN" in capsys.readouterr().err
        table = pq.read_table(output)
        assert table.num_rows == 23
        assert table["error"].null_count == 21

    def test_run__other_predictions_under_the_same_name_are_told(self, predictions: Path, tmp_path: Path) -> None:
        settings = _settings(predictions=predictions, task="classification", output=tmp_path / "scores.parquet")
        run_score_predictions(settings)
        _write(predictions, NAMES[::-1])
        with pytest.raises(RuntimeError, match="was made from something else"):
            run_score_predictions(settings)

    def test_run__no_predictions(self, tmp_path: Path) -> None:
        predictions = _write(tmp_path / "predictions.parquet", NAMES)
        pq.write_table(pq.read_table(predictions).slice(0, 0), predictions)
        with pytest.raises(InvalidInputError, match="there are no predictions"):
            run_score_predictions(
                _settings(predictions=predictions, task="classification", output=tmp_path / "scores.parquet")
            )

    @pytest.mark.full
    def test_run__uploads_to_a_tag_joined_by_name(
        self, uploaded: ApiWorkflowClient, live_platform: EmbeddedPlatform, tmp_path: Path
    ) -> None:
        names = uploaded.get_filenames()
        predictions = _write(tmp_path / "predictions.parquet", names[::-1])
        (tmp_path / "token").write_text(live_platform.token)
        settings = _settings(
            predictions=predictions,
            task="classification",
            output=tmp_path / "scores.parquet",
            server=live_platform.url,
            token_file=tmp_path / "token",
            dataset_id=uploaded.dataset_id,
        )
        for _ in range(2):  # again: known work, the same upload
            result = run_score_predictions(settings)
            assert (result["samples"], result["tag"]) == (12, "initial-tag")
            tag = uploaded.get_tag_by_name("initial-tag").id
            expected = _expected(predictions)
            assert sorted(uploaded.get_score_types(tag)) == sorted(expected)
            for name, by_file in expected.items():
                assert uploaded.get_scores(tag, name) == [by_file[one] for one in names]

    def test_run__a_sample_without_a_prediction_is_named(
        self, uploaded: ApiWorkflowClient, live_platform: EmbeddedPlatform, tmp_path: Path
    ) -> None:
        names = uploaded.get_filenames()
        bad = {names[3].removesuffix(".jpg"): [2.0, -1, 0, 0, 0]}
        predictions = _write(tmp_path / "predictions.parquet", names, **bad)
        (tmp_path / "token").write_text(live_platform.token)
        settings = _settings(
            predictions=predictions,
            task="classification",
            on_error="skip",
            output=tmp_path / "scores.parquet",
            server=live_platform.url,
            token_file=tmp_path / "token",
            dataset_id=uploaded.dataset_id,
        )
        with pytest.raises(InvalidInputError, match=f"1 of 12 files .* not among the predictions, first: '{names[3]}'"):
            run_score_predictions(settings)


def test_settings__a_platform_is_whole_or_not_given() -> None:
    given = {"predictions": "p.npy", "task": "classification", "output": "s.parquet"}
    with pytest.raises(InvalidInputError, match="server and token_file need a dataset of that platform"):
        _settings(**given, server="http://127.0.0.1:1")

"""The scoring job, interrupted: it goes on, reads nothing twice, and ends as if nothing had happened.

What was scored before the interruption is overwritten with garbage of the same size and time: whoever reads it again
fails, or finds other scores.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from lightly_ray.data import resumable_output
from lightly_ray.data.predictions import row_groups
from lightly_ray.errors import ConflictError, InvalidInputError, UnreadableError
from lightly_ray.scores import read_tasks
from lightly_ray.scores.tasks import Task
from lightly_ray.settings import parse
from lightly_ray.workflow import score_predictions
from lightly_ray.workflow.score_predictions import ScorePredictionsSettings, run_score_predictions
from tests.conftest import in_full

pytestmark = pytest.mark.usefixtures("ray_local")

ROWS, PIECE, DONE = 43, 5, 20  # samples, samples of a piece, samples that the interrupted run scores
NAMES = [f"{row:02}.jpg" for row in range(ROWS)]
Spoil = Callable[[], None]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_groups, "PIECE_ROWS", PIECE)
    for name in ("_SAMPLES", "_TEXTS", "_MAPS"):
        monkeypatch.setattr(read_tasks, name, PIECE)
    monkeypatch.setattr(read_tasks, "_BYTES", PIECE * 3 * 8)
    monkeypatch.setattr(resumable_output, "PART_SECONDS", 0.0)


def _random(*shape: int) -> NDArray[np.float64]:
    values = np.random.default_rng(5).random(shape)
    return np.asarray(values / values.sum(axis=-1, keepdims=True))


def _boxes() -> list[list[tuple[int, float]]]:
    # Most objects in the samples that are done, fewest in those that are not: both decide object_frequency.
    random = np.random.default_rng(6)
    return [
        [(int(label), float(score)) for label, score in zip(random.integers(0, 4, n), random.random(n), strict=True)]
        for n in np.linspace(17, 0, ROWS).astype(int)
    ]


def _overwrite(path: Path, start: int, size: int) -> None:
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xff" * size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _overwrite_all(files: list[Path]) -> None:
    for file in files:
        _overwrite(file, 0, file.stat().st_size)


def _write_parquet(path: Path, table: pa.Table) -> Spoil:
    pq.write_table(table, path, row_group_size=PIECE)

    def spoil() -> None:
        footer = pq.read_metadata(path)
        for group in (footer.row_group(number) for number in range(DONE // PIECE)):
            for column in (group.column(place) for place in range(group.num_columns)):
                start = column.dictionary_page_offset or column.data_page_offset
                _overwrite(path, start, column.total_compressed_size)

    return spoil


def _parquet(folder: Path) -> tuple[Path, Spoil]:
    path = folder / "p.parquet"
    return path, _write_parquet(path, pa.table({"filename": NAMES, "probabilities": _random(ROWS, 3).tolist()}))


def _npy(folder: Path) -> tuple[Path, Spoil]:
    path = folder / "p.npy"
    np.save(path, _random(ROWS, 3))
    return path, lambda: _overwrite(path, 128, DONE * 3 * 8)


def _detections(folder: Path) -> tuple[Path, Spoil]:
    path, boxes = folder / "p.parquet", _boxes()
    table = {
        "filename": NAMES,
        "scores": [[score for _, score in one] for one in boxes],
        "labels": pa.array([[label for label, _ in one] for one in boxes], pa.list_(pa.int64())),
    }
    return path, _write_parquet(path, pa.table(table))


def _yolo(folder: Path) -> tuple[Path, Spoil]:
    path, boxes = folder / "texts", _boxes()
    path.mkdir()
    for name, one in zip(NAMES, boxes, strict=True):
        (path / f"{name}.txt").write_text("".join(f"{label} 0 0 1 1 {score!r}\n" for label, score in one))
    done = [path / f"{name}.txt" for name in NAMES[:DONE]]
    return path, lambda: _overwrite_all(done)


def _coco(folder: Path) -> tuple[Path, Spoil]:
    path = folder / "p.json"
    entries = [
        {"image_id": row, "category_id": label, "score": score}
        for row, one in enumerate(_boxes())
        for label, score in one
    ]
    path.write_text(json.dumps(entries))
    return path, lambda: None  # one JSON text is parsed whole


def _maps(folder: Path) -> tuple[Path, Spoil]:
    path = folder / "maps"
    path.mkdir()
    for row, name in enumerate(NAMES):
        np.save(path / f"{name}.npy", _random(ROWS, 1 + row % 3, 2, 3)[row])
    done = [path / f"{name}.npy" for name in NAMES[:DONE]]
    return path, lambda: _overwrite_all(done)


def _keypoints(folder: Path) -> tuple[Path, Spoil]:
    path = folder / "p.parquet"
    random = np.random.default_rng(7)
    return path, _write_parquet(
        path, pa.table({"filename": NAMES, "keypoints": [random.random((row % 3, 6)).tolist() for row in range(ROWS)]})
    )


SOURCES: dict[str, tuple[Task, Callable[[Path], tuple[Path, Spoil]]]] = {
    "parquet": ("classification", _parquet),
    "npy": ("classification", _npy),
    "detections": ("detection", _detections),
    "yolo": ("detection", _yolo),
    "coco": ("detection", _coco),
    "maps": ("segmentation", _maps),
    "keypoints": ("keypoints", _keypoints),
}


def _settings(predictions: Path, task: Task, output: Path, **more: str) -> ScorePredictionsSettings:
    words = {"predictions": predictions, "task": task, "output": output, **more}
    return parse(ScorePredictionsSettings, [f"{key}={value}" for key, value in words.items()])


def _interrupt(settings: ScorePredictionsSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the job up to ``DONE`` samples."""

    class Interrupted(resumable_output.ResumableOutput):
        def add(self, table: pa.Table) -> None:
            if self.rows >= DONE:
                raise KeyboardInterrupt
            super().add(table)

    with monkeypatch.context() as patch:
        patch.setattr(score_predictions, "ResumableOutput", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_score_predictions(settings)
    assert not Path(settings.output).exists()
    assert _rows_done(settings) == DONE


def _rows_done(settings: ScorePredictionsSettings) -> int:
    return sum(pq.read_metadata(path).num_rows for path in Path(f"{settings.output}.parts").iterdir())


def _story(result: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in result.items() if key != "output"}


@pytest.mark.parametrize("source", [one if one in ("parquet", "coco") else in_full(one) for one in SOURCES])
def test_job__goes_on_and_reads_nothing_twice(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    task, write = SOURCES[source]
    predictions, spoil = write(tmp_path)
    expected = run_score_predictions(_settings(predictions, task, tmp_path / "whole.parquet"))
    settings = _settings(predictions, task, tmp_path / "out" / "s.parquet")
    _interrupt(settings, monkeypatch)
    spoil()
    assert _story(run_score_predictions(settings)) == _story(expected)
    assert f"an earlier run scored {DONE} samples" in capsys.readouterr().err
    table = pq.read_table(settings.output)
    assert len(table) == expected["samples"]
    assert table.equals(pq.read_table(tmp_path / "whole.parquet"))
    if task == "detection":
        assert table["object_frequency"].to_pylist()[0] == 1
        assert min(table["object_frequency"].to_pylist()) == 0.9
    assert [path.name for path in Path(settings.output).parent.iterdir()] == ["s.parquet"]
    assert run_score_predictions(settings)["samples"] == len(table)


def test_job__rows_come_in_the_order_of_the_predictions(tmp_path: Path) -> None:
    predictions, _ = _parquet(tmp_path)
    run_score_predictions(_settings(predictions, "classification", tmp_path / "s.parquet"))
    assert pq.read_table(tmp_path / "s.parquet")["filename"].to_pylist() == NAMES


def test_job__skipped_samples_are_told_by_the_run_that_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = _random(ROWS, 3)
    values[[2, 30]] = 2
    spoil = _write_parquet(tmp_path / "p.parquet", pa.table({"filename": NAMES, "probabilities": values.tolist()}))
    settings = _settings(tmp_path / "p.parquet", "classification", tmp_path / "s.parquet", on_error="skip")
    _interrupt(settings, monkeypatch)
    spoil()
    result = run_score_predictions(settings)
    assert (result["samples"], result["skipped"]) == (ROWS - 2, 2)
    assert list(result["skipped_samples"]) == ["02.jpg", "30.jpg"]  # type: ignore[call-overload]  # a JSON value


def test_job__killed_before_it_tidied_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    predictions, _ = _parquet(tmp_path)
    settings = _settings(predictions, "classification", tmp_path / "s.parquet")
    with monkeypatch.context() as patch:
        patch.setattr(score_predictions, "remove_parts", lambda _: None)
        result = run_score_predictions(settings)
    assert Path(f"{settings.output}.parts").exists()
    assert run_score_predictions(settings) == result
    assert not Path(f"{settings.output}.parts").exists()


def test_job__other_predictions_or_settings_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    predictions, _ = _parquet(tmp_path)
    names = tmp_path / "names.txt"
    names.write_text("\n".join(NAMES))
    settings = _settings(predictions, "classification", tmp_path / "s.parquet", images=str(names))
    _interrupt(settings, monkeypatch)
    with pytest.raises(ConflictError, match=r"on_error='raise' then, 'skip' now.* delete the folder '.*\.parts' first"):
        run_score_predictions(settings.model_copy(update={"on_error": "skip"}))
    names.write_text("\n".join(NAMES[::-1]) + "\n")
    with pytest.raises(ConflictError, match=r"files=.*names\.txt.* delete the folder"):
        run_score_predictions(settings)
    assert Path(f"{settings.output}.parts").exists()


@pytest.mark.full
def test_job__a_bad_prediction_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = _random(ROWS, 3)
    values[30] = 2
    table = pa.table({"filename": NAMES, "probabilities": values.tolist()})
    _write_parquet(tmp_path / "p.parquet", table)
    settings = _settings(tmp_path / "p.parquet", "classification", tmp_path / "s.parquet")
    _interrupt(settings, monkeypatch)
    with pytest.raises(InvalidInputError, match=r"first: '30\.jpg' has a value outside"):
        run_score_predictions(settings)
    assert [path.name for path in tmp_path.iterdir()] == ["p.parquet"]


@pytest.mark.full
def test_job__a_file_that_cannot_be_read_now_keeps_what_was_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictions, _ = _parquet(tmp_path)
    settings = _settings(predictions, "classification", tmp_path / "s.parquet")
    _interrupt(settings, monkeypatch)
    whole = predictions.read_bytes()
    at = pq.read_metadata(predictions).row_group(6).column(1).data_page_offset
    _overwrite(predictions, at, 20)
    with pytest.raises(UnreadableError, match="cannot read"):
        run_score_predictions(settings)
    assert DONE <= _rows_done(settings) <= 30  # whatever came before the failure
    time = predictions.stat().st_mtime_ns
    predictions.write_bytes(whole)
    os.utime(predictions, ns=(time, time))
    assert run_score_predictions(settings)["samples"] == ROWS

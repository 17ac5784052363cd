import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

import lightly_ray
from lightly_ray.data.location import Location
from lightly_ray.errors import ConflictError, InvalidInputError
from lightly_ray.parallel.selection import checkpoint as module
from lightly_ray.parallel.selection.checkpoint import Checkpoint
from lightly_ray.parallel.selection.result import Selection
from lightly_ray.selection.greedy import Greedy, Picks

X = np.random.default_rng(0).normal(size=(307, 5))
SCORES = np.random.default_rng(1).random(307)


def select(**options: Any) -> Selection:
    asked: dict[str, Any] = {"data": X, "n_samples": 60, "method": "coreset", "progress": False, **options}
    return lightly_ray.select(**asked)


def picks(*rows: int) -> Picks:
    return Picks(np.array(rows, dtype=np.int64), np.array(rows) / 10)


def test_checkpoint__what_was_added_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deep" / "picks"
    first = Checkpoint(Location.parse(path), {"seed": 3, "method": "coreset"})
    assert first.read() is None
    first.add(picks(4, 9))
    first.add(picks(7))  # within a second of the one before: written with the next
    read = Checkpoint(Location.parse(path), {"method": "coreset", "seed": 3}).read()
    assert read is not None
    assert (read.rows.tolist(), read.gains.tolist()) == ([4, 9], [0.4, 0.9])
    monkeypatch.setattr(module, "_EVERY", 0.0)
    first.add(picks(2))
    second = Checkpoint(Location.parse(path), {"seed": 3, "method": "coreset"})
    read = second.read()
    assert read is not None
    assert read.rows.tolist() == [4, 9, 7, 2]
    second.add(picks(1))
    read = Checkpoint(Location.parse(path), {"seed": 3, "method": "coreset"}).read()
    assert read is not None
    assert read.rows.tolist() == [4, 9, 7, 2, 1]


def test_checkpoint__names_what_differs(tmp_path: Path) -> None:
    Checkpoint(Location.parse(tmp_path / "picks"), {"seed": 3, "method": "coreset", "picks": 5}).write()
    with pytest.raises(ConflictError, match=r"picks was 5, now 6; seed was 3, now 4\. Use"):
        Checkpoint(Location.parse(tmp_path / "picks"), {"seed": 4, "method": "coreset", "picks": 6}).read()


def test_checkpoint__refuses_others_by_what_is_known_so_far(tmp_path: Path) -> None:
    Checkpoint(Location.parse(tmp_path / "picks"), {"seed": 3, "embeddings": "ab"}).write()
    Checkpoint(Location.parse(tmp_path / "picks"), {"seed": 3}).refuse_others()
    Checkpoint(Location.parse(tmp_path / "nothing"), {"seed": 3}).refuse_others()
    with pytest.raises(ConflictError, match="another selection: seed was 3, now 4"):
        Checkpoint(Location.parse(tmp_path / "picks"), {"seed": 4}).refuse_others()
    with pytest.raises(ConflictError, match="another selection: embeddings was ab, now None"):
        Checkpoint(Location.parse(tmp_path / "picks"), {"seed": 3}).read()


def test_checkpoint__other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no picks")
    (tmp_path / "empty").write_bytes(b"")
    np.savez(tmp_path / "array.npz", rows=np.zeros(3))
    whole = tmp_path / "whole"
    Checkpoint(Location.parse(whole), {"seed": 3}).write()
    (tmp_path / "cut").write_bytes(whole.read_bytes()[:-30])
    for name in ("text", "empty", "array.npz", "cut"):
        with pytest.raises(InvalidInputError, match="is no checkpoint of a selection"):
            Checkpoint(Location.parse(tmp_path / name), {"seed": 3}).read()
    with np.load(whole) as stored:
        known = json.loads(bytes(stored["identity"])) | {"format": "another"}
        arrays = {"rows": stored["rows"], "gains": stored["gains"]}
    with whole.open("wb") as stream:
        np.savez(stream, identity=np.frombuffer(json.dumps(known).encode(), dtype=np.uint8), **arrays)
    with pytest.raises(InvalidInputError, match="no checkpoint of this version: 'another'"):
        Checkpoint(Location.parse(whole), {"seed": 3}).read()


class Interrupted(BaseException):
    """Stands for Ctrl-C, at a moment that the test chooses."""


@pytest.mark.parametrize("options", [{}, {"preselected": [9, 4]}, {"method": "coral", "scores": SCORES}])
@pytest.mark.parametrize("rounds", [0, 1, 2])
def test_select__goes_on_after_an_interruption(
    tmp_path: Path, options: dict[str, Any], rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = select(**options)
    batches = Greedy.batches

    def interrupted(self: Any, count: int) -> Any:
        for number, batch in enumerate(batches(self, min(count, 15 * (1 + rounds)))):
            if number == rounds:
                raise Interrupted
            yield batch
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(Greedy, "batches", interrupted)
        with pytest.raises(Interrupted):
            select(checkpoint=tmp_path / "picks", **options)
    sent: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "add", lambda self, batch: sent.append(len(batch)))
        found = select(checkpoint=tmp_path / "picks", **options)
    assert found.ids == expected.ids
    np.testing.assert_array_equal(found.gains, expected.gains)
    assert (found.radius, found.factor) == (expected.radius, expected.factor)
    assert sum(sent) <= len(expected.added_ids)
    if rounds:
        assert sum(sent) < len(expected.added_ids)  # what was made before is not made again


def test_select__a_finished_checkpoint_returns_its_result(tmp_path: Path) -> None:
    for options in ({}, {"min_distance": 2.5}, {"method": "coral", "scores": SCORES, "min_distance": 2.0}):
        path = tmp_path / f"picks-{len(options)}"
        first = select(checkpoint=path, **options)
        assert _picked(path) == len(first.added_ids)
        again = select(checkpoint=path, **options)
        assert again.ids == first.ids == select(**options).ids
        np.testing.assert_array_equal(again.gains, first.gains)
        assert (again.stop_reason, again.radius) == (first.stop_reason, first.radius)


def test_select__a_checkpoint_of_another_selection_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "picks"
    ids = [f"{row}.png" for row in range(307)]
    select(checkpoint=path, ids=ids, preselected=ids[:2])
    moved = X.copy()
    moved[200, 4] += 1e-9
    others: list[tuple[dict[str, Any], str]] = [
        ({"data": moved}, "embeddings was"),
        ({"ids": [*ids[:-1], "other.png"]}, "ids was"),
        ({"query": ids[:200]}, "another selection: query was"),
        ({"preselected": ids[1:3]}, "preselected was .*; query was"),
        ({"method": "coral", "scores": SCORES}, "method was coreset, now coral; scores was"),
        ({"n_samples": 61}, "picks was 58, now 59"),
        ({"min_distance": 0.5}, "min_distance was 0.0, now 0.5"),
        ({"normalize": True}, "another selection: normalize was False, now True"),
        ({"seed": 1}, "seed was 0, now 1"),
    ]
    for options, message in others:
        with pytest.raises(ConflictError, match=message):
            select(**({"checkpoint": path, "ids": ids, "preselected": ids[:2]} | options))
    assert len(select(checkpoint=path, ids=ids, preselected=ids[:2], certify=3).ids) == 60


_LONG = """
import numpy, lightly_ray
x = numpy.random.default_rng(0).normal(size=(30_000, 24)).astype(numpy.float32)
print(lightly_ray.select(x, 12_000, checkpoint={path!r}, progress=False).ids)
"""


@pytest.mark.full
def test_select__goes_on_after_kill_9(tmp_path: Path) -> None:
    def run(path: Path) -> "subprocess.Popen[bytes]":
        code = _LONG.format(path=str(path))
        return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)

    expected = run(tmp_path / "whole").communicate()[0]
    kills = 0
    for _ in range(40):
        process = run(tmp_path / "picks")
        deadline = time.monotonic() + 60
        before = _stamp(tmp_path / "picks")
        while process.poll() is None and _stamp(tmp_path / "picks") == before and time.monotonic() < deadline:
            time.sleep(0.01)
        if process.poll() is not None:
            assert process.communicate()[0] == expected
            break
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        kills += 1
    assert kills >= 1


def _stamp(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


_ON_RAY = """
import numpy, lightly_ray, ray
from lightly_ray.parallel.selection import checkpoint
checkpoint._EVERY = 0.05
ray.init(address="local", num_cpus=2, object_store_memory=100 << 20, include_dashboard=False, log_to_driver=False)
x = numpy.random.default_rng(0).normal(size=(20_000, 16)).astype(numpy.float32)
lightly_ray.select(x, 6_000, partitions=2, checkpoint={path!r}, progress=False)
"""


@pytest.mark.full
def test_select__goes_on_after_kill_9_of_the_driver_of_shard_actors(tmp_path: Path, ray_local: None) -> None:
    path = tmp_path / "picks"
    driver = subprocess.Popen([sys.executable, "-c", _ON_RAY.format(path=str(path))], stdout=subprocess.DEVNULL)
    while _picked(path) < 500:
        assert driver.poll() is None
        time.sleep(0.01)
    children = psutil.Process(driver.pid).children(recursive=True)
    workers = [child for child in children if "ShardActor" in " ".join(child.cmdline())]
    assert len(workers) == 2
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    made = _picked(path)
    assert 500 <= made < 6_000
    vectors = np.random.default_rng(0).normal(size=(20_000, 16)).astype(np.float32)
    counts: list[int] = []
    found = select(
        data=vectors,
        n_samples=6_000,
        partitions=2,
        checkpoint=path,
        on_progress=lambda done, total: counts.append(done),
    )
    assert counts[0] == made  # it went on from there
    expected = select(data=vectors, n_samples=6_000)
    assert found.ids == expected.ids
    np.testing.assert_array_equal(found.gains, expected.gains)
    assert (found.radius, found.stats.partitions) == (expected.radius, 2)
    assert not psutil.wait_procs(workers, timeout=60)[1]  # no worker outlives its driver


def _picked(path: Path) -> int:
    if not path.exists():
        return 0
    with np.load(io.BytesIO(path.read_bytes())) as stored:
        return len(stored["rows"])

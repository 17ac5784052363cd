"""`select`, `score` and `embed` inside other people's programs: tasks, actors, full clusters, and none left behind.

On the two CPUs of the tests' Ray. A task that takes both leaves none for the Datasets that it uses.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import ray
import ray.data

import lightly_ray
from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel import waiting
from lightly_ray.parallel.cluster import connect, connected
from tests.parallel.inside import (
    EXPECTED,
    PROBABILITIES,
    Caller,
    X,
    count,
    dataset,
    embed,
    embed_again,
    select,
    select_long,
    table,
)

pytestmark = pytest.mark.usefixtures("ray_local")


def _remote(work: Any, cpus: int = 2) -> Any:
    return ray.remote(num_cpus=cpus)(work)


@pytest.mark.full
def test_select__in_a_task_that_holds_all_cpus() -> None:
    task = _remote(select)
    assert ray.get(task.remote()) == EXPECTED
    assert ray.get(task.remote(partitions=2)) == EXPECTED
    assert select() == EXPECTED


@pytest.mark.full
def test_embed_and_counting__in_a_task_that_holds_all_cpus(images: Path) -> None:
    assert ray.get(_remote(embed).remote(images)) == embed(images)
    assert ray.get(_remote(count).remote(images)).endswith("Dataset")


@pytest.mark.full
def test_select__in_an_actor_and_where_one_cpu_is_left() -> None:
    actor = _remote(Caller, 1).remote()
    assert ray.get(actor.select.remote(partitions=2)) == EXPECTED
    assert select(partitions=2) == EXPECTED  # the actor holds the other one
    ray.kill(actor)


@pytest.mark.full
def test_waiting__is_said_after_a_while(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", 1.0)
    given = dataset("embedding", X)
    actor = _remote(Caller).remote()
    ray.get(actor.__ray_ready__.remote())
    found: list[list[Any]] = []
    thread = threading.Thread(target=lambda: found.append(list(lightly_ray.select(given, 9, "coreset").ids)))
    thread.start()
    said = ""
    while "waiting for" not in said:
        assert thread.is_alive()
        time.sleep(0.1)
        said += capsys.readouterr().err
    assert "read the dataset: waiting for 1 CPU, which nothing on the cluster has free now" in said
    ray.kill(actor)
    thread.join()
    assert len(found[0]) == 9
    with waiting.told_of_waiting("work"):
        time.sleep(0.5)
    assert "waiting" not in capsys.readouterr().err


def _named(name: str) -> set[int]:
    found = set()
    for process in psutil.process_iter(["cmdline"]):
        if any(name in part for part in process.info["cmdline"] or []):
            found.add(process.pid)
    return found


def _wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.1)


@pytest.mark.full
@pytest.mark.parametrize("work", ["select", "embed"])
def test_cancelled_task__leaves_no_actor(images: Path, work: str) -> None:
    name = {"select": "ray::ShardActor", "embed": "EmbedImages"}[work]
    before = _named(name)
    function = _remote(select_long if work == "select" else embed_again)
    task = function.options(max_retries=0).remote(images)
    _wait_for(lambda: bool(_named(name) - before))
    ray.cancel(task)
    with pytest.raises(ray.exceptions.RayError):
        ray.get(task)
    _wait_for(lambda: not _named(name) - before)


def test_select__an_error_leaves_no_actor() -> None:
    def broken(_done: int, _all: int) -> None:
        raise ZeroDivisionError

    before = _named("ray::ShardActor")
    with pytest.raises(ZeroDivisionError):
        lightly_ray.select(X, 50, "coreset", partitions=2, progress=False, on_progress=broken)
    _wait_for(lambda: not _named("ray::ShardActor") - before)


@pytest.mark.full
def test_remote_args__reach_tasks_and_actors(images: Path) -> None:
    group = ray.util.placement_group([{"CPU": 1}])
    ray.get(group.ready())
    everywhere: list[dict[str, Any]] = [
        {"num_cpus": 0.5},
        {"placement_group": group, "num_cpus": 1},
        {"runtime_env": {"env_vars": {"MARK": "1"}}},
    ]
    for args in everywhere:
        assert select(partitions=1, ray_remote_args=args) == EXPECTED
    predictions = table("probabilities", PROBABILITIES)
    scores = lightly_ray.score(predictions, task="classification", ray_remote_args={"placement_group": group})
    assert scores.count() == 60
    embedded = lightly_ray.embed(images, model="descriptor", reduce=4, ray_remote_args={"num_cpus": 0.5})
    assert len(embedded.filenames) == 12
    ray.util.remove_placement_group(group)
    nowhere: dict[str, Any] = {"resources": {"nowhere": 1}}
    with pytest.raises(lightly_ray.LightlyRayError, match="no answer to 'load' within 1 s"):
        lightly_ray.select(X, 9, "coreset", partitions=1, timeout=1, progress=False, ray_remote_args=nowhere)
    for args, message in (
        ({"max_restarts": 3}, "ray_remote_args has no 'max_restarts': give accelerator_type, label_selector"),
        (
            {"placement_group": group, "scheduling_strategy": "SPREAD"},
            "_group or scheduling_strategy, not both",
        ),
    ):
        with pytest.raises(InvalidInputError, match=message):
            lightly_ray.select(X, 3, ray_remote_args=args)


PROGRAM = """
import threading
import ray
from lightly_ray.parallel.cluster import connect, connected

inside, leave = threading.Event(), threading.Event()

def other():
    with connected(num_cpus=1):
        inside.set()
        leave.wait()

with connected(num_cpus=1):
    thread = threading.Thread(target=other)
    thread.start()
    inside.wait()
print(ray.is_initialized())  # the other thread is in it
leave.set()
thread.join()
print(ray.is_initialized())
with connected(num_cpus=1):
    connect()
print(ray.is_initialized())  # for something lazy
ray.shutdown()
with connected(num_cpus=1):
    ray.shutdown()
    ray.init(address="local", num_cpus=1, include_dashboard=False)
print(ray.is_initialized())  # the caller's own
"""


@pytest.mark.full
def test_connected__threads_share_what_one_of_them_started() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, env=environment)
    assert done.stdout.split() == ["True", "False", "True", "True"], done.stderr


def test_connected__never_ends_a_ray_that_was_there() -> None:
    with connected():
        connect()
    with connected():
        pass
    assert ray.is_initialized()

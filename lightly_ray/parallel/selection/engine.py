"""Runs the selection engine where the data is: in this process, or on shard actors.

Both ways read the same rows with the same checks and hand the same kind of shards to
`lightly_ray.selection.choose`; a checkpoint, the certificate and the result do not depend on the way.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import TypeVar

import numpy as np

from lightly_ray.data.fingerprint import digest
from lightly_ray.data.vectors import VectorFault
from lightly_ray.parallel.selection.checkpoint import Checkpoint, Identity
from lightly_ray.parallel.selection.problem import Job, Loaded, order_of, require_memory
from lightly_ray.parallel.selection.result import SelectionStats
from lightly_ray.parallel.selection.shard_spec import build
from lightly_ray.progress import Progress
from lightly_ray.selection.choose import Outcome, Task, choose
from lightly_ray.selection.greedy import Picks
from lightly_ray.selection.protocol import LocalShards
from lightly_ray.selection.random_draw import random_keys
from lightly_ray.selection.request import Plan

T = TypeVar("T")

SMALL = 256 << 20
"""Bytes of embeddings up to which this process does everything itself: starting Ray would take longer."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """The outcome, and what it took.

    Attributes:
        outcome: of the engine.
        seconds: of starting workers and reading.
        partitions: how many shards there were.
        restarts: how many workers were lost and made anew.
        certify: as in the settings.
    """

    outcome: Outcome
    seconds: dict[str, float]
    partitions: int
    restarts: int
    certify: int

    def stats(self, plan: Plan) -> SelectionStats:
        """What the run cost."""
        spent = self.outcome.stats
        picked = len(self.outcome.picks)
        # The picks that the certificate went on for were compared with, too.
        extra = 0 if self.outcome.certificate is None else max(1, picked) * self.certify + 1 - picked
        centers = len(plan.preselected) + min(picked + extra, len(plan.candidates))
        return SelectionStats(
            rounds=spent.rounds,
            # Of a row that asked its neighbours first, a few pairs are counted twice.
            evaluated_share=min(1.0, spent.pairs / max(1, len(plan.candidates) * centers)),
            seconds=self.seconds | dict(spent.seconds),
            driver_bytes=spent.driver_bytes,
            partitions=self.partitions,
            restarts=self.restarts,
        )


def farthest(job: Job) -> Run:
    """Pick by distance (coreset), or by distance times score (coral).

    Raises:
        InvalidInputError: an embedding is bad; the message names the sample.
        ConflictError: the checkpoint belongs to another selection.
        WorkerLostError: workers hang, or are lost again and again.
    """
    started = time.monotonic()
    checkpoint = _checkpoint(job)
    first = _meanwhile(lambda: _first(job))
    with _loaded(job) as loaded:
        seconds = {"read": time.monotonic() - started}
        outcome = _choose(job, loaded, first(), checkpoint)
        return Run(outcome, seconds, len(loaded.shards), loaded.restarts(), job.settings.certify)


def _choose(job: Job, loaded: Loaded, first: int | None, checkpoint: Checkpoint | None) -> Outcome:
    plan, settings = job.plan, job.settings
    made = None
    if checkpoint is not None:
        checkpoint.identity["embeddings"] = f"{loaded.mark:016x}"
        made = checkpoint.read()
    task = Task(
        picks=plan.picks,
        coral=settings.method == "coral",
        centers=loaded.centers,
        known=len(plan.preselected) if loaded.centers is None else 0,
        first=first,
        min_distance=settings.min_distance,
        certify=settings.certify,
        made=made,
    )
    with Progress("select", plan.picks, unit="picks", show=job.resources.progress) as progress:
        progress.advance(0 if made is None else len(made))

        def take(picks: Picks) -> None:
            progress.advance(len(picks))
            if checkpoint is not None:
                checkpoint.add(picks)

        try:
            return choose(loaded.shards, task, take)
        finally:
            if checkpoint is not None:
                checkpoint.write()


@contextmanager
def _loaded(job: Job) -> Iterator[Loaded]:
    size = len(job.plan.candidates) * job.source.layout.kept(normalize=job.settings.normalize).row_bytes
    if job.resources.partitions is None and size <= SMALL:
        require_memory(job, 1)
        yield _here(job)
        return
    from lightly_ray.parallel.selection.on_actors import loaded_on_actors  # noqa: PLC0415  # small inputs never load Ray

    with loaded_on_actors(job) as loaded:
        yield loaded


def _here(job: Job) -> Loaded:
    built = build(order_of(job, job.source, job.plan.needed))
    if isinstance(built, VectorFault):
        raise built.error(job.ids)
    centers = built.centers if len(built.centers) else None
    return Loaded(LocalShards([built.shard]), centers, built.mark, lambda: 0)


def _meanwhile(work: Callable[[], T]) -> Callable[[], T]:
    """Begin some work on a thread; returns what waits for it. Nobody waits for the thread on Ctrl-C."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # whoever waits gets it
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future.result


def _first(job: Job) -> int | None:
    """The first pick of coreset where nothing is preselected: the smallest random key."""
    candidates = job.plan.candidates
    if job.settings.method != "coreset" or len(job.plan.preselected):
        return None
    best, place, start = None, 0, 0
    for names in job.ids.texts(candidates):
        keys = random_keys(names, job.settings.seed)
        least = int(keys.argmin())
        if best is None or keys[least] < best:
            best, place = keys[least], start + least
        start += len(names)
    return int(candidates[place])


def _checkpoint(job: Job) -> Checkpoint | None:
    if job.resources.checkpoint is None:
        return None
    checkpoint = Checkpoint(job.resources.checkpoint, _identity(job))
    checkpoint.refuse_others()
    return checkpoint


def _identity(job: Job) -> Identity:
    """What the picks depend on beside the embeddings, under names that a message can use."""
    plan, settings = job.plan, job.settings
    return {
        "ids": job.ids.digest(),
        "query": digest(plan.candidates),
        "preselected": digest(np.sort(plan.preselected)),
        "scores": "" if plan.scores is None else digest(plan.scores),
        "method": settings.method,
        "picks": plan.picks,
        "min_distance": settings.min_distance,
        "normalize": settings.normalize,
        "seed": settings.seed,
    }

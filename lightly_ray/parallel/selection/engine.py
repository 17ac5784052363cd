"""Runs the selection engine where the data is: in this process, or on shard actors.

Both ways read the same rows with the same checks and hand the same kind of shards to
`lightly_ray.selection.choose`; a checkpoint, the certificate and the result do not depend on the way.
"""

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Thread
from typing import TypeVar

import numpy as np

from lightly_ray.data.fingerprint import digest
from lightly_ray.data.vectors import VectorFault
from lightly_ray.parallel.selection.checkpoint import Checkpoint, Identity
from lightly_ray.parallel.selection.pick_progress import Advance, OnProgress, counted_picks
from lightly_ray.parallel.selection.resources import LoadedShards, Resources, require_memory
from lightly_ray.parallel.selection.result import SelectionStats
from lightly_ray.parallel.selection.shard_spec import build_shard, specify_shard
from lightly_ray.parallel.selection.whitened_blocks import fit_whitening, moments_of
from lightly_ray.selection.choose import Outcome, Task, choose
from lightly_ray.selection.greedy import Picks
from lightly_ray.selection.protocol import LocalShards
from lightly_ray.selection.random_draw import random_keys
from lightly_ray.selection.request import Problem
from lightly_ray.selection.whitening import Whitening

T = TypeVar("T")

SMALL = 256 << 20
"""Bytes of embeddings up to which this process does everything itself: starting Ray would take longer."""


def select_farthest(
    problem: Problem, resources: Resources, on_progress: OnProgress | None
) -> tuple[Outcome, SelectionStats, Whitening | None]:
    """Pick by distance (coreset), or by distance times score (coral).

    Returns:
        The picks, what they cost, and the whitening before distances were taken.

    Raises:
        InvalidInputError: an embedding is bad; the message names the sample.
        ConflictError: the checkpoint belongs to another selection.
        WorkerLostError: workers hang, or are lost again and again.
    """
    started = time.monotonic()
    checkpoint = _checkpoint(problem, resources)
    first = _meanwhile(lambda: _first(problem))
    with _loaded(problem, resources) as loaded:
        read_seconds = time.monotonic() - started
        with counted_picks(problem, on_progress, show=resources.progress) as advance:
            outcome = _choose(problem, loaded, first(), checkpoint, advance, progress=resources.progress)
        return outcome, _stats(problem, outcome, read_seconds, loaded), loaded.whitening


def _choose(
    problem: Problem,
    loaded: LoadedShards,
    first: int | None,
    checkpoint: Checkpoint | None,
    advance: Advance,
    *,
    progress: bool,
) -> Outcome:
    settings, made = problem.settings, None
    if checkpoint is not None:
        checkpoint.identity["embeddings"] = f"{loaded.fingerprint:016x}"
        made = checkpoint.read()
        if made is not None and progress:
            sys.stderr.write(f"an earlier run made {len(made):,} of {problem.picks:,} picks, going on behind them\n")
    task = Task(
        picks=problem.picks,
        coral=settings.method == "coral",
        centers=loaded.centers,
        known=len(problem.centers) if loaded.centers is None else 0,
        first=first,
        min_distance=settings.min_distance,
        certify=settings.certify,
        made=made,
    )

    def take(picks: Picks) -> None:
        advance(len(picks))
        if checkpoint is not None:
            checkpoint.add(picks)

    advance(0 if made is None else len(made), earlier=True)
    try:
        return choose(loaded.shards, task, take)
    finally:
        if checkpoint is not None:
            checkpoint.write()


def _stats(problem: Problem, outcome: Outcome, read_seconds: float, loaded: LoadedShards) -> SelectionStats:
    spent, picked = outcome.stats, len(outcome.picks)
    # The picks that the certificate went on for were compared with, too.
    extra = 0 if outcome.certificate is None else max(1, picked) * problem.settings.certify + 1 - picked
    centers = len(problem.centers) + min(picked + extra, len(problem.candidates))
    return SelectionStats(
        rounds=spent.rounds,
        # Of a row that tried neighbours first, a few pairs are counted twice.
        evaluated_share=min(1.0, spent.pairs / max(1, len(problem.candidates) * centers)),
        seconds={"read": read_seconds, **spent.seconds},
        driver_bytes=spent.driver_bytes,
        partitions=len(loaded.shards),
        restarts=loaded.restarts(),
    )


@contextmanager
def _loaded(problem: Problem, resources: Resources) -> Iterator[LoadedShards]:
    size = len(problem.candidates) * problem.kept_layout.row_bytes
    if resources.partitions is None and size <= SMALL:
        require_memory(problem, resources, 1)
        yield _load_here(problem, with_fingerprint=resources.checkpoint is not None)
        return
    from lightly_ray.parallel.selection.on_actors import loaded_on_actors  # noqa: PLC0415  # small inputs never load Ray

    with loaded_on_actors(problem, resources) as loaded:
        yield loaded


def _load_here(problem: Problem, *, with_fingerprint: bool) -> LoadedShards:
    needed, whitening = problem.needed, problem.whitening
    if problem.settings.whitens and whitening is None:
        whitening = fit_whitening([moments_of(problem.source, needed)], problem.ids)
    built = build_shard(specify_shard(problem, problem.source, needed, whitening, with_fingerprint=with_fingerprint))
    if isinstance(built, VectorFault):
        raise built.error(problem.ids)
    centers = built.centers if len(built.centers) else None
    return LoadedShards(LocalShards([built.shard]), centers, built.fingerprint, lambda: 0, whitening)


def _meanwhile(work: Callable[[], T]) -> Callable[[], T]:
    """Begin some work on a thread; returns what waits for it. Ctrl-C does not wait for the thread."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # raised where the result is waited for
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future.result


def _first(problem: Problem) -> int | None:
    """The first pick of coreset where nothing repels yet: the smallest random key."""
    candidates = problem.candidates
    if problem.settings.method != "coreset" or len(problem.centers):
        return None
    best, place, start = None, 0, 0
    for names in problem.ids.texts(candidates):
        keys = random_keys(names, problem.settings.seed)
        least = int(keys.argmin())
        if best is None or keys[least] < best:
            best, place = keys[least], start + least
        start += len(names)
    return int(candidates[place])


def _checkpoint(problem: Problem, resources: Resources) -> Checkpoint | None:
    if resources.checkpoint is None:
        return None
    checkpoint = Checkpoint(resources.checkpoint, _identity(problem))
    checkpoint.refuse_others()
    return checkpoint


def _identity(problem: Problem) -> Identity:
    """What the picks depend on beside the embeddings, under names that a message can use."""
    settings = problem.settings
    return {
        "ids": problem.ids.digest(),
        "query": digest(problem.candidates),
        "preselected": digest(np.sort(problem.centers)),
        "scores": "" if problem.scores is None else digest(problem.scores),
        "method": settings.method,
        "picks": problem.picks,
        "min_distance": settings.min_distance,
        "normalize": settings.normalize,
        "seed": settings.seed,
    }

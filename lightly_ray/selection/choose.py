"""One selection from start to end: so many picks, where to stop, and the certificate."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lightly_ray.selection.certificate import Certificate, certificate
from lightly_ray.selection.greedy import Greedy, Picks, Stats
from lightly_ray.selection.protocol import Shards


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What to choose from the shards.

    Attributes:
        picks: how many rows, at most as many as the shards hold.
        coral: False for CORESET. The shards hold scores exactly where it is True.
        centers: (p, D) vectors of the preselected samples, None for none.
        known: p where the shards have learned these centers already, and ``centers`` is None.
        first: row of the first pick; for CORESET without preselected samples.
        min_distance: rows nearer than that to the selection are not eligible; 0 is off. The shards must
            hold `shard_min_distance` of it.
        certify: how many times ``picks`` to spend on the certificate; 0 for none.
        made: picks of an earlier, interrupted run with the same data and settings.
    """

    picks: int
    coral: bool = False
    centers: NDArray[np.floating] | None = None
    known: int = 0
    first: int | None = None
    min_distance: float = 0.0
    certify: int = 1
    made: Picks | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """The picks and what is known about them.

    Attributes:
        picks: rows and gains in the order in which they were made, those of an interrupted run included.
        certificate: for CORESET; None otherwise.
        stop_reason: "min_distance" where fewer rows than asked for were eligible, else None.
        stats: what it cost.
    """

    picks: Picks
    certificate: Certificate | None
    stop_reason: str | None
    stats: Stats


def shard_min_distance(*, coral: bool, min_distance: float) -> float:
    """The distance under which shards and driver leave rows out, 0 for none.

    By the gains alone, `choose` sees where CORESET has to stop; those of CORAL are no distances.
    """
    return min_distance if coral else 0.0


def choose(shards: Shards, task: Task, on_picks: Callable[[Picks], None] = lambda picks: None) -> Outcome:
    """Pick ``task.picks`` rows, one farthest from everything selected after another.

    Args:
        shards: all partitions of the query set.
        task: what to choose.
        on_picks: called with every batch of picks as soon as it is certain; all batches so far are a valid
            ``Task.made`` of a later run. Extra picks of the certificate are not among them.
    """
    made = task.made or Picks(np.empty(0, np.int64), np.empty(0))
    greedy = Greedy(
        shards,
        centers=task.centers,
        known=task.known,
        first=task.first,
        made=made.rows,
        min_distance=shard_min_distance(coral=task.coral, min_distance=task.min_distance),
    )
    batches = [made]
    kept = len(made)
    for batch in greedy.batches(task.picks):
        batches.append(batch)
        far_enough = (
            int(np.searchsorted(-batch.gains, -task.min_distance, side="right")) if not task.coral else len(batch)
        )
        kept += far_enough
        if far_enough:
            on_picks(Picks(batch.rows[:far_enough], batch.gains[:far_enough]))
        if far_enough < len(batch):
            break
    picks = _joined(batches)
    picks = Picks(picks.rows[:kept], picks.gains[:kept])
    stop_reason = "min_distance" if kept < task.picks else None
    return Outcome(picks, _certify(greedy, batches, kept, task), stop_reason, greedy.stats)


def _certify(greedy: Greedy, batches: list[Picks], picks: int, task: Task) -> Certificate | None:
    """Go on picking for the proof: the gain of a pick is the radius before it."""
    if task.coral or not task.certify:
        return None
    count = max(1, task.certify * picks) + 1
    gains = _joined([*batches, *greedy.batches(count)]).gains[:count]
    return certificate(np.append(gains, np.zeros(count - len(gains))), picks)


def _joined(batches: list[Picks]) -> Picks:
    return Picks(np.concatenate([batch.rows for batch in batches]), np.concatenate([batch.gains for batch in batches]))

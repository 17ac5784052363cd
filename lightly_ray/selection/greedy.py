"""The merging driver: the sequential greedy, over any number of shards.

Each round asks all shards for their first rows in order (exact keys, vectors) and a floor, keeps the best of them,
and runs the greedy on those while it beats every floor. Those picks are exactly the sequential ones.
They go out as centers with the next request. A round picks, or lowers the bound that stood in the way: the floor of a
shard is an old bound only where it lies under the threshold, and the next threshold is at or under the best floor.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lightly_ray.errors import InvalidInputError
from lightly_ray.selection.candidates import Candidates
from lightly_ray.selection.order import NOTHING
from lightly_ray.selection.protocol import Proposal, Request, Shards

MOST_CANDIDATES = 1024
"""Rows that the driver keeps per round; what passes through it is bounded by this, whatever the number of shards."""


@dataclass(slots=True)
class Stats:
    """What a run cost.

    Attributes:
        rounds: requests answered by all shards.
        pairs: row-center pairs compared by the shards.
        seconds: per phase: the shards' phases added up over shards, and "propose" and "pick" as the driver sees them.
        driver_bytes: proposals, vectors and centers that passed through the driver.
    """

    rounds: int = 0
    pairs: int = 0
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    driver_bytes: int = 0

    def count(self, request: Request, proposals: list[Proposal], shards: int) -> None:
        """Add one round."""
        self.rounds += 1
        self.driver_bytes += request.centers.nbytes * shards
        for proposal in proposals:
            self.pairs += proposal.pairs
            self.driver_bytes += proposal.rows.nbytes + proposal.distances.nbytes + proposal.vectors.nbytes
            for phase, seconds in proposal.seconds.items():
                self.seconds[phase] += seconds


@dataclass(frozen=True, slots=True, eq=False)
class Picks:
    """Some picks in the order in which they were made.

    Attributes:
        rows: (m,).
        gains: (m,) their keys when they were picked; inf for a first pick without any center.
    """

    rows: NDArray[np.int64]
    gains: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.rows)


class Greedy:
    """The picks of all shards, batch after batch.

    Args:
        shards: all partitions.
        centers: (p, D) vectors of the preselected samples, None for none.
        known: how many centers the shards have learned already, instead of ``centers``.
        first: row of the first pick where nothing is preselected; None picks the highest score, then the lowest row.
        made: picks of an earlier, interrupted run with the same data and settings: a valid prefix, not yielded again.
        min_distance: rows nearer than that to a center are not eligible; the shards must have the same.
    """

    def __init__(
        self,
        shards: Shards,
        *,
        centers: NDArray[np.floating] | None = None,
        known: int = 0,
        first: int | None = None,
        made: NDArray[np.int64] | None = None,
        min_distance: float = 0.0,
    ) -> None:
        self.stats = Stats()
        self._shards = shards
        self._first, self._min_distance = first, min_distance
        self._steering = Steering(len(shards))
        self._known = known  # centers that all shards have been sent
        self._fresh = np.empty((0, 0)) if centers is None else centers  # centers to send with the next request
        self._fresh_rows = np.full(len(self._fresh), -1, np.int64)
        self.done = 0 if made is None else len(made)
        if made is not None and len(made):
            self._add_centers(made, self._fetch(made))

    def batches(self, count: int) -> Iterator[Picks]:
        """Yield picks until ``count`` have been made, or no eligible row is left.

        The count includes picks of the earlier run and of earlier calls; more can be asked for afterwards.
        """
        while self.done < count:
            picks = self._round(count - self.done) if self._known or len(self._fresh) else self._first_pick()
            if picks is None:
                return
            self.done += len(picks)
            if len(picks):
                yield picks

    def _first_pick(self) -> Picks | None:
        # Without any center the shards order rows by score alone.
        if self._first is None:
            highest = Candidates(self._propose(limit=1), 1)
            rows, vectors = highest.rows, highest.vectors
        else:
            rows = np.array([self._first], np.int64)
            vectors = self._fetch(rows)
        self._add_centers(rows, vectors)
        return Picks(rows, np.full(len(rows), np.inf)) if len(rows) else None

    def _round(self, count: int) -> Picks | None:
        """Picks of one round, perhaps none; None where no eligible row is left."""
        proposals = self._propose(limit=self._steering.limit)
        candidates = Candidates(proposals, MOST_CANDIDATES, min_distance=self._min_distance)
        started = time.perf_counter()
        positions, gains, left = candidates.pick(count)
        self.stats.seconds["pick"] += time.perf_counter() - started
        self._add_centers(candidates.rows[positions], candidates.vectors[positions])
        self._steering.steer(sum(proposal.ready for proposal in proposals), left[0])
        if len(positions) == 0 and left == NOTHING:
            return None
        return Picks(candidates.rows[positions], gains)

    def _propose(self, limit: int) -> list[Proposal]:
        started = time.perf_counter()
        request = Request(self._known, self._fresh, self._fresh_rows, self._steering.threshold, limit)
        proposals = self._shards.propose(request)
        self._known += len(self._fresh)
        self._fresh, self._fresh_rows = self._fresh[:0], self._fresh_rows[:0]
        self.stats.count(request, proposals, len(self._shards))
        self.stats.seconds["propose"] += time.perf_counter() - started
        return proposals

    def _fetch(self, rows: NDArray[np.int64]) -> NDArray[np.floating]:
        """Vectors of the rows, in their order."""
        answers = self._shards.fetch(rows)
        held = np.concatenate([answer[0] for answer in answers])
        if len(held) != len(rows):
            raise InvalidInputError(f"{len(rows) - len(held)} of {len(rows)} picked rows are in no shard")
        vectors = np.concatenate([answer[1] for answer in answers])
        self.stats.driver_bytes += vectors.nbytes
        return np.asarray(vectors[np.argsort(held)[np.argsort(np.argsort(rows))]])

    def _add_centers(self, rows: NDArray[np.int64], vectors: NDArray[np.floating]) -> None:
        if len(rows):
            self._fresh = np.concatenate([self._fresh, vectors]) if len(self._fresh) else vectors
            self._fresh_rows = np.concatenate([self._fresh_rows, rows])


class Steering:
    """How far down the order the shards should look next. It steers work; the picks do not depend on it.

    The threshold lies one window under the best key that is left, and the window grows or shrinks until about as
    many rows are ready above it as the driver can use. A lower threshold than that brings rows up to date too early,
    which costs nothing but the last rounds; a higher one makes more rounds.
    """

    def __init__(self, shards: int) -> None:
        share = MOST_CANDIDATES / shards
        # Rows are spread over shards like balls over bins, hence three standard deviations more than the share.
        self.limit = int(share + 3 * np.sqrt(share)) + 1
        self.threshold = np.inf
        self._window = 0.0

    def steer(self, ready: int, left: float) -> None:
        """Set the next threshold.

        Args:
            ready: rows of the last round at or above the threshold.
            left: the best key, or bound of a key, that was not picked.
        """
        enough = 1.5 * MOST_CANDIDATES
        window = self._window * min(max(enough / max(ready, 1), 0.5), 2) or left / 64
        # Masses of equal keys are ready above any threshold: shrinking further would only take as long to grow back.
        self._window = max(window, left / 2**16)
        self.threshold = max(0.0, left - self._window)

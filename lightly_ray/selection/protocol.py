"""What a driver and its shards say to each other.

    driver                                             every shard, all at once
    Request(known, centers, center_rows,        ->     learn the centers, bring the bounds at or above the
            threshold, limit)                          threshold up to date
                                                <-     Proposal(rows, vectors, distances, scores, floor): the first
                                                       ``limit`` rows in order, and the first of what was not proposed

Vectors come with the proposals, up to twice as many as the driver needs where shards are many (8 shards: 1.2 times):
asking for those it needs would be a second way there and back in every round. ``fetch(rows)`` is for rows that were
picked before: by an earlier run, or by the caller.

A shard's state follows from its data and the list of centers. A request says how many centers came before its own,
so repeating one is harmless, and a shard that was lost is rebuilt and given one request with all centers so far.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """New centers, and how much of the order the driver wants to see.

    Attributes:
        known: how many centers came before these.
        centers: (b, D) new centers, in the dtype of the data.
        center_rows: (b,) their rows, -1 for a preselected sample. The shard that holds the row never proposes it again.
        threshold: rows whose bound is at or above it are brought up to date. It steers work and decides nothing.
        limit: the most rows to propose.
    """

    known: int
    centers: NDArray[np.floating]
    center_rows: NDArray[np.int64]
    threshold: float
    limit: int


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """The first rows of one shard, in order, with exact keys.

    Attributes:
        rows: (m,) ascending.
        vectors: (m, D) in the dtype of the data.
        distances: (m,) distance to the nearest center, exact; 1 while there is none, anything where the score is 0.
        scores: (m,) float64, or None where all count alike.
        floor: (key, row) of the first row in order that was not proposed. Its key may be an old bound, hence too large.
        ready: how many rows have an exact key at or above the threshold, proposed or not.
        pairs: how many row-center pairs were compared.
        seconds: time per phase.
    """

    rows: NDArray[np.int64]
    vectors: NDArray[np.floating]
    distances: NDArray[np.float64]
    scores: NDArray[np.float64] | None
    floor: tuple[float, int]
    ready: int
    pairs: int
    seconds: dict[str, float]


class Shards(Protocol):
    """All partitions of the query set, each asked at once, answers in a fixed order."""

    def __len__(self) -> int: ...

    def propose(self, request: Request) -> list[Proposal]:
        """Hand the same request to every shard."""
        ...

    def fetch(self, rows: NDArray[np.int64]) -> list[tuple[NDArray[np.int64], NDArray[np.floating]]]:
        """From every shard: those of ``rows`` that it holds, ascending, and their (n, D) vectors."""
        ...


class OneShard(Protocol):
    """What one partition answers; `lightly_ray.selection.shard.shard.Shard` is one."""

    def propose(self, request: Request) -> Proposal:
        """Learn the centers of the request and propose."""
        ...

    def fetch(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
        """Those of ``rows`` that are held here, ascending, and their vectors."""
        ...


class LocalShards:
    """Shards in this process, asked one after the other."""

    def __init__(self, shards: Sequence[OneShard]) -> None:
        self._shards = shards

    def __len__(self) -> int:
        return len(self._shards)

    def propose(self, request: Request) -> list[Proposal]:
        """Hand the same request to every shard."""
        return [shard.propose(request) for shard in self._shards]

    def fetch(self, rows: NDArray[np.int64]) -> list[tuple[NDArray[np.int64], NDArray[np.floating]]]:
        """From every shard: those of ``rows`` that it holds, and their vectors."""
        return [shard.fetch(rows) for shard in self._shards]

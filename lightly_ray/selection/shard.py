"""One partition of the query set: plain and exact. Every bound is brought up to date at every request."""

import time

import numpy as np
from numpy.typing import NDArray

from lightly_ray.errors import WorkerLostError
from lightly_ray.selection.distance import computable, distances, require_range
from lightly_ray.selection.order import best, top
from lightly_ray.selection.protocol import Proposal, Request


class Shard:
    """Rows of one partition and, for each, the distance to its nearest center.

    Args:
        vectors: (N, D) float16, float32 or float64, finite.
        rows: (N,) their rows, ascending; default 0..N-1.
        scores: (N,) finite and >= 0; None counts all alike.
        min_distance: rows nearer than that to a center are not eligible; 0 is off.
        memory: bytes that work buffers may take, None for a default.
        threads: how many threads work on this shard, None for one per CPU.
    """

    def __init__(
        self,
        vectors: NDArray[np.floating],
        rows: NDArray[np.int64] | None = None,
        *,
        scores: NDArray[np.floating] | None = None,
        min_distance: float = 0.0,
        memory: int | None = None,
        threads: int | None = None,
    ) -> None:
        require_range(vectors)
        self._stored = vectors
        self._rows = np.arange(len(vectors)) if rows is None else rows
        self._scores = None if scores is None else scores.astype(np.float64)
        self._min_distance = min_distance
        self._memory, self._threads = memory, threads
        self._near = np.full(len(vectors), np.inf)
        self._taken = np.zeros(len(vectors), bool)
        self._known = 0

    def propose(self, request: Request) -> Proposal:
        """Learn the centers of the request and propose the first rows in order.

        Raises:
            WorkerLostError: centers are missing before those of the request.
        """
        started = time.perf_counter()
        pairs = self._learn(request)
        keys = self._keys()
        eligible = np.flatnonzero(keys >= 0)
        proposed = eligible[top(keys[eligible], request.limit)]
        rest = np.setdiff1d(eligible, proposed, assume_unique=True)
        return Proposal(
            rows=self._rows[proposed],
            near=self._near[proposed],
            scores=None if self._scores is None else self._scores[proposed],
            floor=best(keys[rest], self._rows[rest]),
            ready=int(np.count_nonzero(keys >= request.threshold)),
            pairs=pairs,
            seconds={"refresh": time.perf_counter() - started},
        )

    def fetch(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
        """Those of ``rows`` (any order) that are held here, ascending, and their (n, D) vectors."""
        mine, local = self._local(rows)
        return mine, self._stored[local]

    def _local(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
        asked = np.sort(rows)
        position = np.searchsorted(self._rows, asked)
        held = position < len(self._rows)
        held[held] = self._rows[position[held]] == asked[held]
        return asked[held], position[held]

    def _learn(self, request: Request) -> int:
        if request.known > self._known:
            raise WorkerLostError(f"a shard that knows {self._known} centers was sent those after {request.known}")
        fresh = self._known - request.known
        vectors = computable(self._stored)
        for center in request.centers[fresh:]:
            np.minimum(self._near, distances(vectors, center), out=self._near)
        self._taken[self._local(request.center_rows[fresh:])[1]] = True
        added = max(0, len(request.centers) - fresh)
        self._known += added
        return added * len(self._stored)

    def _keys(self) -> NDArray[np.float64]:
        """Keys in order of rows, -1 where a row is taken or not eligible."""
        weight = 1.0 if self._scores is None else self._scores
        near = self._near if self._known else np.ones(len(self._near))  # scores alone, before any center
        keys = near * weight
        keys[self._taken | (self._near < self._min_distance)] = -1
        return np.asarray(keys)

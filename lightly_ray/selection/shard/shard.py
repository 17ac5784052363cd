"""One partition of the query set: an upper bound of every row's distance, exact where it matters.

Distances to the centers only ever fall, so the distance to the nearest of the first few centers bounds the
distance to the nearest of all (Minoux's lazy greedy). A request brings up to date only the rows whose key is at or
above its threshold, and each only until its key falls under it. Every bound is the exact float64 distance to the
nearest of the centers compared so far; nothing approximate is kept.

References:
    Minoux. Accelerated greedy algorithms for maximizing submodular set functions. 1978.
"""

import os
import time

import numpy as np
from numpy.typing import NDArray

from lightly_ray.errors import WorkerLostError
from lightly_ray.selection.distance import require_range
from lightly_ray.selection.order import best, in_order, top
from lightly_ray.selection.protocol import Proposal, Request
from lightly_ray.selection.screening.full import FullScreen
from lightly_ray.selection.screening.principal import principal_screen
from lightly_ray.selection.shard.bounds import Bounds
from lightly_ray.selection.shard.centers import Centers
from lightly_ray.selection.shard.refresh import Refresher
from lightly_ray.selection.threads import single_products

MANY = 256
"""Centers from which on projecting a row can cost less than comparing it."""


class Shard:
    """Rows of one partition and, for each, a bound of its distance to the nearest center.

    Args:
        vectors: (N, D) float16, float32 or float64, finite.
        rows: (N,) their rows, ascending; default 0..N-1.
        scores: (N,) finite and >= 0; None counts all alike.
        min_distance: rows nearer than that to a center are not eligible; 0 is off.
        threads: how many threads work on this shard, None for one per CPU.
    """

    def __init__(
        self,
        vectors: NDArray[np.floating],
        rows: NDArray[np.int64] | None = None,
        *,
        scores: NDArray[np.floating] | None = None,
        min_distance: float = 0.0,
        threads: int | None = None,
    ) -> None:
        require_range(vectors)
        self._stored = np.ascontiguousarray(vectors)
        self._rows = np.arange(len(vectors)) if rows is None else rows
        self._bounds = Bounds(len(vectors), scores, min_distance)
        self._full = FullScreen(vectors)
        self._centers = Centers(vectors.shape[1], vectors.dtype, self._full)
        self._tried_principal = False
        self._refresher = Refresher(self._stored, self._bounds, threads or os.cpu_count() or 1)

    def propose(self, request: Request) -> Proposal:
        """Learn the centers of the request and propose the first rows in order.

        Raises:
            WorkerLostError: centers are missing before those of the request.
        """
        clock = [time.perf_counter()]
        before = len(self._centers)
        self._learn(request)
        active, rest = self._bounds.above(request.threshold if len(self._centers) else 0.0)
        clock.append(time.perf_counter())
        stale = self._stale(active)
        pairs = self._refresher.refresh(stale, self._centers, request.threshold, before) if len(stale) else 0
        clock.append(time.perf_counter())
        keys = self._bounds.keys(active)
        ready = keys >= request.threshold if len(self._centers) else keys >= 0
        first = top(keys[ready], request.limit)
        proposed = np.flatnonzero(ready)[first]
        other = keys.copy()
        other[proposed] = -1
        chosen = active[proposed]
        clock.append(time.perf_counter())
        return Proposal(
            rows=self._rows[chosen],
            vectors=self._stored[chosen],
            distances=self._bounds.upper[chosen],
            scores=self._bounds.scores[chosen] if len(self._bounds.scores) else None,
            floor=max(self._as_row(rest), best(other, self._rows[active]), key=in_order),
            ready=int(np.count_nonzero(ready)),
            pairs=pairs,
            seconds=dict(zip(("find", "refresh", "order"), np.diff(clock).tolist(), strict=True)),
        )

    def fetch(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
        """Those of ``rows`` (any order) that are held here, ascending, and their (n, D) vectors."""
        mine, local = self._local(rows)
        return mine, self._stored[local]

    def _learn(self, request: Request) -> None:
        count = len(self._centers)
        if request.known > count:
            raise WorkerLostError(f"a shard that knows {count} centers was sent those after {request.known}")
        fresh = slice(count - request.known, None)  # a repeated request brings nothing new
        if len(request.centers[fresh]):
            if not count:
                self._bounds.begin()
            with single_products():
                self._centers.append(request.centers[fresh])
            self._bounds.upper[self._local(request.center_rows[fresh])[1]] = -1
        if len(self._centers) >= MANY and not self._tried_principal:
            self._tried_principal = True
            self._project()

    def _project(self) -> None:
        """Screen by principal coordinates from now on, where that takes less time for this data."""
        with single_products():
            centers = self._centers.vectors
            screen = principal_screen(self._stored, self._full, self._bounds.upper, centers)
            if screen is not None:
                self._centers = Centers(centers.shape[1], centers.dtype, screen)
                self._centers.append(centers)

    def _stale(self, active: NDArray[np.int32]) -> NDArray[np.int32]:
        """Rows that have centers to be compared with, and something to lose by it: a key of 0 cannot fall."""
        stale = active[self._bounds.compared[active] < len(self._centers)]
        return stale if self._bounds.min_distance > 0 else stale[self._bounds.keys(stale) > 0]

    def _local(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
        """Those of ``rows`` that are held here, ascending, and their positions."""
        ordered = np.sort(rows)
        position = np.searchsorted(self._rows, ordered)
        held = position < len(self._rows)
        held[held] = self._rows[position[held]] == ordered[held]
        return ordered[held], position[held]

    def _as_row(self, item: tuple[float, int]) -> tuple[float, int]:
        """A position of the partition as a row."""
        key, position = item
        return key, int(self._rows[position]) if position >= 0 else -1

"""One partition of the embeddings in a worker: reads its rows, then answers the driver's rounds.

Everything here can be rebuilt from the rows and the driver's centers, so a worker may die at any moment.
"""

import os
from dataclasses import replace
from importlib import import_module
from threading import Thread
from typing import Any

import numba
import numpy as np
import ray
from threadpoolctl import threadpool_limits

from lightly_ray.data.ids import RowNumbers
from lightly_ray.data.vectors import Matrix, VectorFault
from lightly_ray.errors import WorkerLostError
from lightly_ray.parallel.selection.shard_spec import BuiltShard, ShardSpec, build_shard
from lightly_ray.selection.protocol import Request
from lightly_ray.selection.shard.shard import Shard


def _warm_up(dtype: np.dtype[Any]) -> None:
    """Load the engine's compiled parts, half a second, while the disk or the network is busy."""
    tiny = np.eye(4, dtype=dtype)
    Shard(tiny, threads=1).propose(Request(0, tiny[:1], np.zeros(1, dtype=np.int64), 0.0, 2))


@ray.remote(num_cpus=0, max_restarts=0, max_task_retries=0)
class ShardActor:
    """A worker that holds one partition. It asks Ray for no CPU, see `shards`.

    Args:
        threads: how many it may use.
        which: of all shards it is, as Ray's dashboard and its logs show it.
    """

    def __init__(self, threads: int, which: str) -> None:
        self._threads = threads
        self._which = which
        self._built: BuiltShard | None = None
        # Ray sets one thread for workers without CPUs, libraries one per CPU for every worker: neither fits.
        threadpool_limits(threads)
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))

    def __repr__(self) -> str:
        return f"lightly_ray shard {self._which}"

    def whereabouts(self) -> tuple[str, int]:
        """Node and process id, for messages and tests."""
        return ray.get_runtime_context().get_node_id(), os.getpid()

    def load(self, spec: ShardSpec) -> VectorFault | int:
        """Read the rows; returns the first bad vector, or the fingerprint of all."""
        import_module("numpy.ma")  # which NumPy loads when it is used, and not safely in two threads at once
        warming = Thread(target=_warm_up, args=[spec.blocks.layout.kept(normalize=spec.normalize).dtype], daemon=True)
        warming.start()
        built = build_shard(spec, self._threads)
        warming.join()
        if isinstance(built, VectorFault):
            return built
        self._built = built
        return built.fingerprint

    def preselected(self) -> tuple[Matrix, int]:
        """The vectors of this shard's preselected samples; and their number, which says that they exist."""
        centers = self._ready().centers
        return centers, len(centers)

    def learn(self, *centers: Matrix) -> int:
        """Take the preselected samples of all shards as the first centers; returns how many they are."""
        count = 0
        for vectors in centers:
            unselected = np.full(len(vectors), -1, dtype=np.int64)
            self._ready().shard.propose(Request(count, vectors, unselected, np.inf, 0))
            count += len(vectors)
        return count

    def propose(self, request: Request, pieces: int, *centers: Matrix) -> list[Any]:
        """See `lightly_ray.selection.shard.shard.Shard.propose`; the centers of the request come in pieces.

        Returns:
            the proposal without vectors, and these in so many pieces.
        """
        proposal = self._ready().shard.propose(replace(request, centers=np.concatenate(centers)))
        bare = replace(proposal, vectors=proposal.vectors[:0])
        return [bare, *np.array_split(proposal.vectors, pieces)]

    def fetch(self, rows: RowNumbers) -> tuple[RowNumbers, Matrix]:
        """See `lightly_ray.selection.shard.shard.Shard.fetch`."""
        return self._ready().shard.fetch(rows)

    def _ready(self) -> BuiltShard:
        if self._built is None:
            raise WorkerLostError("a shard was asked before it was loaded")
        return self._built

"""What one partition has to hold, and how it is made from that: here, or in a worker.

Faults in the data come back as values: a worker does not know the ids that name the sample.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lightly_ray.data.fingerprint import fingerprint
from lightly_ray.data.ids import RowNumbers
from lightly_ray.data.sources import Blocks, load
from lightly_ray.data.vectors import Matrix, VectorFault
from lightly_ray.selection.shard.shard import Shard


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """What one partition has to hold.

    Attributes:
        blocks: where its vectors are read.
        rows: (n,) ascending, all of its rows.
        preselected: (n,) which of them are selected already.
        scores: float64 of the others, None for none.
        normalize: bring vectors to unit length.
        min_distance: rows nearer than that to a center are not eligible; 0 is off.
        marked: whether a fingerprint of the vectors is wanted.
    """

    blocks: Blocks
    rows: RowNumbers
    preselected: NDArray[np.bool_]
    scores: NDArray[np.float64] | None
    normalize: bool
    min_distance: float
    marked: bool


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """One partition in memory.

    Attributes:
        shard: its candidates.
        centers: (p, D) vectors of its preselected samples.
        mark: fingerprint of all its vectors, 0 where none is wanted.
    """

    shard: Shard
    centers: Matrix
    mark: int


def build(order: Order, threads: int | None = None) -> Built | VectorFault:
    """Read a partition and make its shard.

    Args:
        order: what it holds.
        threads: how many may work on it, None for one per CPU.

    Returns:
        The partition, or the first bad vector.
    """
    # Candidates first, preselected last: both are then views of the one matrix that is read.
    arranged = np.argsort(order.preselected, kind="stable")
    places = None if not order.preselected.any() else np.argsort(arranged)
    vectors = load(order.blocks, order.rows, normalize=order.normalize, places=places)
    if isinstance(vectors, VectorFault):
        return vectors
    candidates = int(np.count_nonzero(~order.preselected))
    rows = order.rows[arranged]
    shard = Shard(
        vectors[:candidates],
        rows[:candidates],
        scores=order.scores,
        min_distance=order.min_distance,
        threads=threads,
    )
    return Built(shard, vectors[candidates:], fingerprint(vectors, rows) if order.marked else 0)

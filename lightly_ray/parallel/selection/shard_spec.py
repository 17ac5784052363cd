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
from lightly_ray.parallel import metrics
from lightly_ray.parallel.selection.whitened_blocks import WhitenedBlocks
from lightly_ray.selection.choose import shard_min_distance
from lightly_ray.selection.request import Problem
from lightly_ray.selection.shard.shard import Shard
from lightly_ray.selection.whitening import Whitening


@dataclass(frozen=True, slots=True, eq=False)
class ShardSpec:
    """What one partition has to hold.

    Attributes:
        blocks: where its vectors are read.
        rows: (n,) ascending, all of its rows.
        preselected: (n,) which of them are selected already.
        scores: float64 of the others, None for none.
        normalize: bring vectors to unit length.
        min_distance: rows nearer than that to a center are not eligible; 0 is off.
        with_fingerprint: whether to make a fingerprint of the vectors.
    """

    blocks: Blocks
    rows: RowNumbers
    preselected: NDArray[np.bool_]
    scores: NDArray[np.float64] | None
    normalize: bool
    min_distance: float
    with_fingerprint: bool


def specify_shard(
    problem: Problem, blocks: Blocks, rows: RowNumbers, whitening: Whitening | None, *, with_fingerprint: bool
) -> ShardSpec:
    """What a shard has to hold, if it has these ``rows`` (ascending) of the problem, whitened or not."""
    settings = problem.settings
    preselected = np.isin(rows, problem.centers, kind="sort")
    scores: NDArray[np.float64] | None = None
    if problem.scores is not None:
        scores = problem.scores[np.searchsorted(problem.candidates, rows[~preselected])]
    return ShardSpec(
        blocks=blocks if whitening is None else WhitenedBlocks(blocks, whitening),
        rows=rows,
        preselected=preselected,
        scores=scores,
        normalize=bool(settings.normalize),
        min_distance=shard_min_distance(coral=settings.method == "coral", min_distance=settings.min_distance),
        with_fingerprint=with_fingerprint,
    )


@dataclass(frozen=True, slots=True, eq=False)
class BuiltShard:
    """One partition in memory.

    Attributes:
        shard: its candidates.
        centers: (p, D) vectors of its preselected samples.
        fingerprint: of all its vectors, 0 where none was asked for.
    """

    shard: Shard
    centers: Matrix
    fingerprint: int


def build_shard(spec: ShardSpec, threads: int | None = None) -> BuiltShard | VectorFault:
    """Read a partition and make its shard.

    Args:
        spec: what it holds.
        threads: how many may work on it, None for one per CPU.

    Returns:
        The partition, or the first bad vector.
    """
    # Candidates first, preselected last: both are then views of the one matrix that is read.
    arranged = np.argsort(spec.preselected, kind="stable")
    places = None if not spec.preselected.any() else np.argsort(arranged)
    vectors = load(spec.blocks, spec.rows, normalize=spec.normalize, places=places)
    if isinstance(vectors, VectorFault):
        return vectors
    metrics.count(metrics.ROWS_READ, len(vectors))
    candidates = int(np.count_nonzero(~spec.preselected))
    rows = spec.rows[arranged]
    shard = Shard(
        vectors[:candidates],
        rows[:candidates],
        scores=spec.scores,
        min_distance=spec.min_distance,
        threads=threads,
    )
    return BuiltShard(shard, vectors[candidates:], fingerprint(vectors, rows) if spec.with_fingerprint else 0)

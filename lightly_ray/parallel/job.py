"""One selection by distances: where its data is, what is asked for, how it may run."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lightly_ray.data.ids import Ids, Rows
from lightly_ray.data.paths import AnyPath
from lightly_ray.data.sources import Blocks, Source
from lightly_ray.data.vectors import Matrix
from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel.plan import Plan, Settings
from lightly_ray.parallel.shard_order import Order
from lightly_ray.selection.protocol import Shards


@dataclass(frozen=True, slots=True)
class Resources:
    """How a selection runs; nothing of it changes the result.

    Attributes:
        partitions: number of shard actors, None for this process where the data is small, else one per CPU.
        memory_limit: bytes for the work buffers of all shards together, None for a default.
        timeout: seconds after which a silent worker counts as hanging, None for never.
        checkpoint: where picks are written as they are made, None for nowhere.
        progress: whether to show it.
    """

    partitions: int | None = None
    memory_limit: int | None = None
    timeout: float | None = None
    checkpoint: AnyPath | None = None
    progress: bool = True

    def __post_init__(self) -> None:
        for name, value, kind in (
            ("partitions", self.partitions, int),
            ("memory_limit", self.memory_limit, int),
            ("timeout", self.timeout, int | float),
        ):
            if value is not None and (isinstance(value, bool) or not isinstance(value, kind) or not value > 0):
                raise InvalidInputError(f"{name} must be a number above 0 or None, got {value!r}")


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One selection by distances.

    Attributes:
        source: where the embeddings lie.
        ids: of all samples.
        plan: which rows, and how many picks.
        settings: what was asked for.
        resources: how to run.
    """

    source: Source
    ids: Ids
    plan: Plan
    settings: Settings
    resources: Resources


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """Shards that have read their rows.

    Attributes:
        shards: of the candidates.
        centers: (p, D) preselected vectors where the shards still have to learn them, else None.
        mark: fingerprint of all vectors, 0 where there is no checkpoint.
        restarts: tells how many workers were lost.
    """

    shards: Shards
    centers: Matrix | None
    mark: int
    restarts: Callable[[], int]


def order_of(job: Job, blocks: Blocks, rows: Rows, partitions: int) -> Order:
    """What one of ``partitions`` shards has to hold, if it has these ``rows`` (ascending) of the plan."""
    plan, settings, memory = job.plan, job.settings, job.resources.memory_limit
    preselected = np.isin(rows, plan.preselected, kind="sort")
    scores: NDArray[np.float64] | None = None
    if plan.scores is not None:
        scores = plan.scores[np.searchsorted(plan.candidates, rows[~preselected])]
    return Order(
        blocks=blocks,
        rows=rows,
        preselected=preselected,
        scores=scores,
        normalize=settings.normalize,
        min_distance=settings.min_distance if settings.method == "coral" else 0.0,
        memory=None if memory is None else max(1, memory // partitions),
        marked=job.resources.checkpoint is not None,
    )

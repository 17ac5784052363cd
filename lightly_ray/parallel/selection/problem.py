"""One selection by distances: where its data is, what is asked for, how it may run."""

from collections.abc import Callable
from dataclasses import dataclass
from types import UnionType

import numpy as np
from numpy.typing import NDArray

from lightly_ray.data.ids import Ids, RowNumbers
from lightly_ray.data.location import Location
from lightly_ray.data.sources import Blocks, Source
from lightly_ray.data.vectors import Matrix
from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel.selection.shard_spec import Order
from lightly_ray.selection.protocol import Shards
from lightly_ray.selection.request import Plan, Settings

_ROW_STATE = 48  # bytes per row: row, bound, score, age, marks
_WHOLE = int | np.integer
_NUMBER = _WHOLE | float | np.floating
_BUFFER_ROWS = 8192  # a tile of rows, a block of centers and their products, about


@dataclass(frozen=True, slots=True)
class Resources:
    """How a selection runs; nothing of it changes the result.

    Attributes:
        partitions: number of shard actors, None for this process where the data is small, else one per CPU.
        memory_limit: most bytes that all shards together may hold, None for any number.
        timeout: seconds after which a silent worker counts as hanging, None for never.
        checkpoint: where picks are written as they are made, None for nowhere.
        progress: whether to show it.
    """

    partitions: int | None = None
    memory_limit: float | None = None
    timeout: float | None = None
    checkpoint: Location | None = None
    progress: bool = True

    def __post_init__(self) -> None:
        _require_above_0("partitions", self.partitions, _WHOLE, "whole number")
        _require_above_0("memory_limit", self.memory_limit, _NUMBER, "number of bytes")
        _require_above_0("timeout", self.timeout, _NUMBER, "number of seconds")


def _require_above_0(name: str, value: object, kinds: UnionType, what: str) -> None:
    if value is not None and not (isinstance(value, kinds) and not isinstance(value, bool) and value > 0):
        raise InvalidInputError(f"{name} must be a {what} above 0, or None, got {value!r}")


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


def memory_of(job: Job, partitions: int) -> int:
    """About how many bytes all shards together will hold.

    The vectors once, at most 0.2 of that again for their leading coordinates, what is known of each row, and on
    every shard all centers, as they are and as float32, and its work buffers.
    """
    plan, layout = job.plan, job.source.layout.kept(normalize=job.settings.normalize)
    rows = len(plan.candidates) + len(plan.preselected)
    centers = len(plan.preselected) + plan.picks * job.settings.certify + 1
    shard = centers * (layout.row_bytes + 4 * layout.width) + _BUFFER_ROWS * layout.row_bytes
    return int(rows * (1.2 * layout.row_bytes + _ROW_STATE)) + partitions * shard


def require_memory(job: Job, partitions: int) -> None:
    """Refuse, before anything is read, what would not fit into `Resources.memory_limit`."""
    limit, needed = job.resources.memory_limit, memory_of(job, partitions)
    if limit is not None and needed > limit:
        raise InvalidInputError(
            f"{len(job.plan.candidates)} embeddings of {job.source.layout.row_bytes} bytes need about {_told(needed)} "
            f"on {partitions} shard{'s' * (partitions > 1)}, memory_limit allows {_told(limit)}; "
            "a smaller query set, fewer partitions, or float16 need less"
        )


def _told(size: float) -> str:
    return f"{size / 2**30:,.1f} GiB" if size >= 2**30 else f"{size / 2**20:,.1f} MiB"


def order_of(job: Job, blocks: Blocks, rows: RowNumbers) -> Order:
    """What a shard has to hold, if it has these ``rows`` (ascending) of the plan."""
    plan, settings = job.plan, job.settings
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
        marked=job.resources.checkpoint is not None,
    )

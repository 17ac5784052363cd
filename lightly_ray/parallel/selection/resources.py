"""How a selection runs: on how many shards, in how much memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Any

import numpy as np

from lightly_ray.data.location import Location
from lightly_ray.data.vectors import Matrix
from lightly_ray.errors import InvalidInputError
from lightly_ray.selection.protocol import Shards
from lightly_ray.selection.request import Problem
from lightly_ray.selection.whitening import Whitening

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
        remote_args: of the tasks and actors that are started.
    """

    partitions: int | None = None
    memory_limit: float | None = None
    timeout: float | None = None
    checkpoint: Location | None = None
    progress: bool = True
    remote_args: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require_above_0("partitions", self.partitions, _WHOLE, "whole number")
        _require_above_0("memory_limit", self.memory_limit, _NUMBER, "number of bytes")
        _require_above_0("timeout", self.timeout, _NUMBER, "number of seconds")


def _require_above_0(name: str, value: object, kinds: UnionType, what: str) -> None:
    if value is not None and not (isinstance(value, kinds) and not isinstance(value, bool) and value > 0):
        raise InvalidInputError(f"{name} must be a {what} above 0, or None, got {value!r}")


@dataclass(frozen=True, slots=True, eq=False)
class LoadedShards:
    """Shards that have read their rows.

    Attributes:
        shards: of the candidates.
        centers: (p, D) preselected vectors where the shards still have to learn them, else None.
        fingerprint: of all vectors, 0 where there is no checkpoint.
        restarts: says how many workers were lost.
        whitening: of the vectors, None where they are not whitened.
    """

    shards: Shards
    centers: Matrix | None
    fingerprint: int
    restarts: Callable[[], int]
    whitening: Whitening | None = None


def memory_of(problem: Problem, partitions: int) -> int:
    """About how many bytes all shards together will hold.

    The vectors once, at most 0.2 of that again for their principal coordinates, the state of each row, and on
    every shard all centers, as they are and as float32, and its work buffers.
    """
    layout = problem.kept_layout
    rows = len(problem.candidates) + len(problem.centers)
    centers = len(problem.centers) + problem.picks * problem.settings.certify + 1
    shard = centers * (layout.row_bytes + 4 * layout.width) + _BUFFER_ROWS * layout.row_bytes
    return int(rows * (1.2 * layout.row_bytes + _ROW_STATE)) + partitions * shard


def require_memory(problem: Problem, resources: Resources, partitions: int) -> None:
    """Refuse, before anything is read, what would not fit into `Resources.memory_limit`."""
    limit, needed = resources.memory_limit, memory_of(problem, partitions)
    if limit is not None and needed > limit:
        raise InvalidInputError(
            f"{len(problem.candidates)} embeddings of {problem.source.layout.row_bytes} bytes need about "
            f"{_in_words(needed)} on {partitions} shard{'s' * (partitions > 1)}, memory_limit allows "
            f"{_in_words(limit)}; a smaller query set, fewer partitions, or float16 need less"
        )


def _in_words(size: float) -> str:
    return f"{size / 2**30:,.1f} GiB" if size >= 2**30 else f"{size / 2**20:,.1f} MiB"

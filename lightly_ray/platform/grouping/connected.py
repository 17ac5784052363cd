"""Groups of near duplicates: samples linked by chains of steps that are no longer than a distance. Exact.

    a ~ b where |a/|a| - b/|b|| <= within, in float64;  a group is what `~` connects

Leaves of a tree whose boxes are too far apart are passed over, of the others all pairs are looked at, by a few
coordinates (`leaves`, `links`). Every thread joins in a forest of its own, and between rounds they become one.
Beside the vectors as float32, N points take about 300 bytes each.
"""

import os
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lightly_ray.data.vectors import Matrix
from lightly_ray.errors import TooLargeError
from lightly_ray.platform.grouping.leaves import Leaves, leaves
from lightly_ray.platform.grouping.links import WIDE, Near, flatten, in_vain, limit, link, merge
from lightly_ray.platform.grouping.units import scales
from lightly_ray.selection.threads import on_threads

MOST_WORK = 2e13  # coordinates to compare, see `in_vain`
_ROUNDS = 64
_LOOKED_AT, _LEAVES_LOOKED_AT = 64, 128  # points, each with some of the leaves, from which the work is told
_THREADS = os.cpu_count() or 1

Progress = Callable[[int, int], None]


def silent(_done: int, _total: int) -> None:
    """Tell nobody."""


def connected(
    vectors: Matrix, within: float, *, progress: Progress = silent, most_work: float = MOST_WORK
) -> NDArray[np.int64]:
    """The lowest position in the group of each vector, (N,); those of zero length are by themselves.

    Args:
        vectors: (N, D), finite.
        within: the longest step, 0 to 2.
        progress: told how many pairs of leaves are done, and of how many.
        most_work: coordinates to compare before it is refused.

    Raises:
        TooLargeError: so many vectors are hardly farther apart than ``within`` that telling them apart takes too long.
    """
    labels = np.arange(len(vectors))
    found = scales(vectors)
    there = np.flatnonzero(found[:, 0])
    if not len(there):
        return labels
    tree = leaves(vectors, found, there)
    stored = vectors if vectors.dtype == np.float64 else vectors.astype(np.float32, copy=False)
    near = Near(stored, found, within, limit(within, tree.leading.shape[1]))
    _require_little(tree, near, most_work)
    parents = _linked(tree, near, progress)
    lowest = np.full(len(there), len(vectors))
    np.minimum.at(lowest, parents, tree.order)
    labels[tree.order] = lowest[parents]
    return labels


def _require_little(tree: Leaves, near: Near, most: float) -> None:
    count, channels = len(tree.order), tree.leading.shape[1]
    if count**2 / 2 * (channels + WIDE * near.vectors.shape[1]) <= most:
        return  # whatever they are
    places = np.unique(np.linspace(0, count - 1, _LOOKED_AT).astype(np.int64))
    look = partial(in_vain, tree, near, max(1, len(tree.leading) // _LEAVES_LOOKED_AT))
    work = sum(on_threads(_THREADS, look, np.array_split(places, _THREADS))) * count / len(places) / 2
    if work > most:
        raise TooLargeError(
            f"too many of the {count} samples are hardly farther apart than {near.within:g}: telling them apart takes "
            f"{work / most:.1f} times as long as is allowed; group within a smaller distance, or select with a minimum "
            "distance"
        )


def _linked(tree: Leaves, near: Near, progress: Progress) -> NDArray[np.int32]:
    """The root of each place."""
    parents = np.arange(len(tree.order), dtype=np.int32)
    count = len(tree.leading)
    total = count * (count + 1) // 2
    # Points that are near stand together: with the groups of each leaf most pairs of leaves are done quickly.
    rounds = [(np.arange(count), True)]
    step = max(_THREADS, -(-count // _ROUNDS))
    rounds += [(np.arange(start, min(start + step, count)), False) for start in range(0, count, step)]
    done = 0
    for mine, alone in rounds:
        _join_round(partial(link, tree, near), parents, mine, alone)
        done += len(mine) if alone else int((count - 1 - mine).sum())
        progress(done, total)
    flatten(parents)
    return parents


def _join_round(
    join_leaves: Callable[..., None], parents: NDArray[np.int32], mine: NDArray[np.int64], alone: bool
) -> None:
    """Join in one forest for each thread, then in ``parents``."""
    forests = [parents, *(parents.copy() for _ in range(1, min(_THREADS, len(mine))))]
    parts = [(forest, mine[at :: len(forests)].copy()) for at, forest in enumerate(forests)]
    on_threads(_THREADS, lambda part: join_leaves(*part, alone), parts)
    for forest in forests[1:]:
        merge(parents, forest)

"""Coverage: pick what the rest of the pool is most like, and what is not covered yet.

    maximise  sum_i w_i max_{j selected} K_ij,   K_ij as in `kernel`: exp(-|x_i - x_j|^2 / sigma^2), x of unit length

The greedy of facility location: each pick is the candidate j of the largest gain sum_i w_i max(0, K_ij - c_i), where
c_i is how well i is covered already; of equal gains the lowest row. Its value is at least 1 - 1/e of the best.

Everything is whole numbers: kernels of 15 bits, weights of 16. So gains are exact, no order of summation can change a
pick, and a duplicate of a picked row gains 0. A gain only falls as picks are made; one that was computed earlier is an
upper bound, and most are never computed again.

References:
    Bae, Wang, Sutherland. Generalized Coverage for More Robust Low-Budget Active Learning (MaxHerding). ECCV 2024,
    arXiv 2407.12212: equation 6. Bae et al. Uncertainty Herding, arXiv 2412.20644: weights.
    Nemhauser, Wolsey, Fisher. An analysis of approximations for maximizing submodular set functions. 1978: 1 - 1/e.
    Minoux. Accelerated greedy algorithms for maximizing submodular set functions. 1978: the bounds.
"""

import heapq
import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lightly_ray.compiled import compiled
from lightly_ray.selection.kernel import ONE, Kernel, Samples
from lightly_ray.selection.threads import on_threads
from lightly_ray.selection.whole_numbers import STEPS

SIGMA = 0.7  # of unit vectors, where nothing is selected yet
WIDEST_OF_CLASSES = 1.0  # where classes are looked at, which keep apart what is only near
NARROWEST = 0.1
_BLOCK = 256  # candidates whose kernels are computed at a time
_PAYS = 1 << 20  # pairs; fewer are added up sooner than another thread has begun
_AT_ONCE = 32  # candidates whose gains are computed again at a time, on all threads


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """What is to be covered.

    Attributes:
        samples: n of them.
        weights: (n,), see `whole_weights`.
        covered: (n,) how far each is covered already, see `covered_by`.
    """

    samples: Samples
    weights: NDArray[np.int64]
    covered: NDArray[np.uint16]


@dataclass(frozen=True, slots=True, eq=False)
class Cover:
    """What covers.

    Attributes:
        picks: (k,) positions of candidates, in the order in which they were picked.
        gains: (k,) share of the whole weight that each one newly covered.
        value: share of the whole weight that is covered now, 0 to 1.
        bound: no selection of that size with the same preselected samples covers more.
    """

    picks: NDArray[np.int64]
    gains: NDArray[np.float64]
    value: float
    bound: float


def automatic_sigma(nearest: NDArray[np.int64] | None, widest: float = SIGMA) -> float:
    """Width of the kernel: the median distance to what is selected, so that it shrinks as labels grow.

    Args:
        nearest: as `nearest_selected` gives it, of the pool; None where nothing is selected.
        widest: the most that it may be.
    """
    if nearest is None or not len(nearest):
        return SIGMA
    median = float(np.sqrt(np.median(nearest))) / STEPS
    return round(min(widest, max(NARROWEST, median)), 3)


def covered_by(selected: Samples, samples: Samples, kernel: Kernel) -> NDArray[np.uint16]:
    """How far each of some samples (n) is covered by those that are selected: (n,)."""
    covered = np.zeros(len(samples), np.uint16)
    for start in range(0, len(selected), _BLOCK):
        some = selected.part(slice(start, start + _BLOCK))
        block = np.empty((len(some), len(samples)), np.uint16)
        kernel.between(some, samples, block)
        np.maximum(covered, block.max(axis=0), out=covered)
    return covered


def cover(
    pool: Pool,
    candidates: Samples,
    kernel: Kernel,
    picks: int,
    advance: Callable[[int], None] = lambda _: None,
) -> Cover:
    """Pick greedily.

    Args:
        pool: what is to be covered.
        candidates: m that may be picked; of equal gains the first wins.
        kernel: how far they cover.
        picks: how many, at most m.
        advance: called with numbers of picks as they are made.
    """
    weights, covered = pool.weights.astype(np.uint32), pool.covered.copy()
    kept = _kernels(pool.samples, candidates, kernel)
    gains = _gains(kept, np.arange(len(candidates)), weights, covered)
    queue = [(-int(gain), position) for position, gain in enumerate(gains)]
    heapq.heapify(queue)
    chosen: list[int] = []
    gained: list[int] = []
    known_at = np.zeros(len(candidates), np.int64)
    while len(chosen) < picks:
        bound, position = queue[0]
        if known_at[position] == len(chosen):
            heapq.heappop(queue)
            chosen.append(position)
            gained.append(-bound)
            np.maximum(covered, kept[position], out=covered)
            advance(1)
        else:
            stale = [heapq.heappop(queue)[1] for _ in range(min(_AT_ONCE, len(queue)))]
            known_at[stale] = len(chosen)
            for again, gain in zip(stale, _gains(kept, np.array(stale), weights, covered), strict=True):
                heapq.heappush(queue, (-int(gain), again))
    whole = max(1, int(pool.weights.sum()) * ONE)
    value = int((pool.weights * covered.astype(np.int64)).sum())
    most = -sum(bound for bound, _ in heapq.nsmallest(len(chosen), queue))
    return Cover(
        picks=np.array(chosen, np.int64),
        gains=np.array(gained, np.float64) / whole,
        value=value / whole,
        bound=min(1.0, (value + most) / whole),
    )


def _kernels(samples: Samples, candidates: Samples, kernel: Kernel) -> NDArray[np.uint16]:
    """The kernel (m, n) of every candidate. Where the same samples are covered and offered, half of it is computed."""
    kept = np.empty((len(candidates), len(samples)), np.uint16)

    def fill(start: int) -> None:
        lines = slice(start, start + _BLOCK)
        begin = start if candidates is samples else 0
        kernel.between(candidates.part(lines), samples, kept[lines], begin)
        if candidates is samples:
            kept[start + _BLOCK :, lines] = kept[lines, start + _BLOCK :].T

    on_threads(os.cpu_count() or 1, fill, range(0, len(candidates), _BLOCK))
    return kept


def _gains(
    kept: NDArray[np.uint16], some: NDArray[np.int64], weights: NDArray[np.uint32], covered: NDArray[np.uint16]
) -> NDArray[np.uint64]:
    """What each of some candidates would newly cover."""
    gains = np.empty(len(some), np.uint64)
    threads = os.cpu_count() or 1 if len(some) * kept.shape[1] >= _PAYS else 1
    part = -(-len(some) // threads)

    def compute(start: int) -> None:
        mine = slice(start, start + part)
        _sum_gains(kept, some[mine], weights, covered, gains[mine])

    on_threads(threads, compute, range(0, len(some), part))
    return gains


@compiled()
def _sum_gains(
    kept: NDArray[np.uint16],
    some: NDArray[np.int64],
    weights: NDArray[np.uint32],
    covered: NDArray[np.uint16],
    out: NDArray[np.uint64],
) -> None:
    for place in range(len(some)):
        kernel = kept[some[place]]
        # Without a branch, and of 32 times 32 bits: so it is vectorised.
        total = np.uint64(0)
        for row in range(len(kernel)):
            more = max(np.int32(kernel[row]) - np.int32(covered[row]), np.int32(0))
            total += np.uint64(weights[row]) * np.uint64(np.uint32(more))
        out[place] = total

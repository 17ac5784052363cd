"""Coverage: pick what the rest of the pool is most like, and what is not covered yet.

    maximise  sum_i w_i max_{j selected} K_ij,   K_ij = exp(-|x_i - x_j|^2 / sigma^2),   x of unit length

The greedy of facility location: each pick is the candidate j of the largest gain sum_i w_i max(0, K_ij - c_i), where
c_i is how well i is covered already; of equal gains the lowest row. Its value is at least 1 - 1/e of the best.

Everything is whole numbers: vectors in steps of 1 / 4000, whose products float32 holds exactly, kernels of 15 bits,
weights of 16. So gains are exact, no order of summation can change a pick, and a duplicate of a picked row gains 0.
A gain only falls as picks are made; one that was computed earlier is an upper bound, and most are never computed again.

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
from lightly_ray.selection.threads import on_threads

SIGMA = 0.7  # of unit vectors, where nothing is selected yet
NARROWEST = 0.1
_STEPS = 4000  # of 1: (4000 + sqrt(D) / 2)^2 < 2^24, what float32 counts to, for D up to 36,000
_SHIFT = 10  # squared distances / 2^10 are places in the table of the kernel: 62,500 at most
_ONE, _WEIGHT = 1 << 15, 1 << 16  # of the kernel; the largest weight. 2^31 times 2^32 rows fit int64
_BLOCK = 256  # candidates whose kernels are computed at a time


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """What is to be covered.

    Attributes:
        vectors: (n, D) in steps, see `whole_vectors`.
        weights: (n,), see `whole_weights`.
        nearest: (n,) squared distance to what is selected already, see `nearest_selected`; None for nothing.
    """

    vectors: NDArray[np.float32]
    weights: NDArray[np.int64]
    nearest: NDArray[np.int64] | None


@dataclass(frozen=True, slots=True, eq=False)
class Cover:
    """What covers, in whole numbers.

    Attributes:
        picks: (k,) positions of candidates, in the order in which they were picked.
        gains: (k,) share of the whole weight that each one newly covered.
        value: share of the whole weight that is covered now, 0 to 1.
        bound: no selection of that size with the same preselected samples covers more.
        sigma: width of the kernel.
    """

    picks: NDArray[np.int64]
    gains: NDArray[np.float64]
    value: float
    bound: float
    sigma: float


def whole_vectors(unit: NDArray[np.floating]) -> NDArray[np.float32]:
    """Unit vectors (n, D) in steps: float32 that are whole numbers."""
    return np.rint(unit.astype(np.float64) * _STEPS).astype(np.float32)


def whole_weights(scores: NDArray[np.float64] | None, count: int) -> NDArray[np.int64]:
    """Weights of ``count`` samples; equal ones where there are no scores, or all are 0."""
    largest = 0.0 if scores is None or not len(scores) else float(scores.max())
    if scores is None or largest == 0:
        return np.full(count, _WEIGHT, np.int64)
    return np.rint(scores / largest * _WEIGHT).astype(np.int64)


def nearest_selected(vectors: NDArray[np.float32], selected: NDArray[np.float32]) -> NDArray[np.int64]:
    """Squared distance, in steps, of each vector (n, D) to the nearest selected one (p, D), p >= 1."""
    norms, of_selected = _norms(vectors), _norms(selected)
    nearest = np.full(len(vectors), np.iinfo(np.int64).max)
    for start in range(0, len(selected), _BLOCK):
        some = slice(start, start + _BLOCK)
        # Whole numbers below 2^24: exact in whatever order they are added.
        products = (selected[some] @ vectors.T).astype(np.int64)
        nearest = np.minimum(nearest, (of_selected[some, None] + norms - 2 * products).min(axis=0))
    return nearest


def automatic_sigma(nearest: NDArray[np.int64] | None) -> float:
    """Width of the kernel: the median distance to what is selected, so that it shrinks as labels grow.

    Args:
        nearest: as `nearest_selected` gives it, of the pool; None where nothing is selected.
    """
    if nearest is None or not len(nearest):
        return SIGMA
    median = float(np.sqrt(np.median(nearest))) / _STEPS
    return round(min(SIGMA, max(NARROWEST, median)), 3)


def cover(
    pool: Pool,
    candidates: NDArray[np.float32],
    sigma: float,
    picks: int,
    advance: Callable[[int], None] = lambda _: None,
) -> Cover:
    """Pick greedily.

    Args:
        pool: what is to be covered.
        candidates: (m, D) vectors in steps that may be picked; of equal gains the first wins.
        sigma: width of the kernel.
        picks: how many, at most m.
        advance: called with numbers of picks as they are made.
    """
    table = np.rint(_ONE * np.exp(-(np.arange(1 << 16) << _SHIFT) / (_STEPS * sigma) ** 2)).astype(np.uint16)
    weights, nearest = pool.weights, pool.nearest
    covered = np.zeros(len(weights), np.uint16) if nearest is None else table[nearest >> _SHIFT]
    kernel, gains = _kernels(pool, candidates, covered, table)
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
            np.maximum(covered, kernel[position], out=covered)
            advance(1)
        else:
            known_at[position] = len(chosen)
            heapq.heapreplace(queue, (-int(_gain(kernel[position], weights, covered)), position))
    whole = max(1, int(weights.sum()) * _ONE)
    value = int((weights * covered.astype(np.int64)).sum())
    most = -sum(bound for bound, _ in heapq.nsmallest(len(chosen), queue))
    return Cover(
        picks=np.array(chosen, np.int64),
        gains=np.array(gained, np.float64) / whole,
        value=value / whole,
        bound=min(1.0, (value + most) / whole),
        sigma=sigma,
    )


def _norms(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    norms: NDArray[np.int64] = np.square(vectors.astype(np.float64)).sum(axis=1).astype(np.int64)
    return norms


def _kernels(
    pool: Pool,
    candidates: NDArray[np.float32],
    covered: NDArray[np.uint16],
    table: NDArray[np.uint16],
) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
    """The kernel (m, n) of every candidate, and its first gain (m,)."""
    kernel = np.empty((len(candidates), len(pool.vectors)), np.uint16)
    gains = np.empty(len(candidates), np.int64)
    norms, of_candidates = _norms(pool.vectors), _norms(candidates)

    def fill(start: int) -> None:
        stop = min(start + _BLOCK, len(candidates))
        products = candidates[start:stop] @ pool.vectors.T
        _look_up(products, of_candidates[start:stop], norms, table, kernel[start:stop])
        for position in range(start, stop):
            gains[position] = _gain(kernel[position], pool.weights, covered)

    on_threads(os.cpu_count() or 1, fill, range(0, len(candidates), _BLOCK))
    return kernel, gains


@compiled()
def _look_up(
    products: NDArray[np.float32],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    table: NDArray[np.uint16],
    kernel: NDArray[np.uint16],
) -> None:
    for row in range(len(rows)):
        for column in range(len(columns)):
            squared = rows[row] + columns[column] - 2 * np.int64(products[row, column])
            kernel[row, column] = table[squared >> _SHIFT]


@compiled()
def _gain(kernel: NDArray[np.uint16], weights: NDArray[np.int64], covered: NDArray[np.uint16]) -> np.int64:
    total = np.int64(0)
    for row in range(len(kernel)):
        if kernel[row] > covered[row]:
            total += weights[row] * np.int64(kernel[row] - covered[row])
    return total

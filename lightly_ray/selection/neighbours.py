"""How far the nearest neighbours of many samples are, where all pairs would be too many.

    cells     all samples, cut in two where the means of two halves of a sample of them part, at most 9 : 1, and so on
              until 256 or fewer are left
    search    each sample of a cell with all of its own cell and of those whose means are nearest, 4,096 samples or more
    repeated  four times, of other beginnings; what counts is the nearest of all four

Of n samples 16,384 n pairs are looked at, whatever the data. What is found is as good as the data is simple: see
`tests/benchmarks/typicality_speed.py`. Vectors are whole numbers, and a cut takes samples in the order of their keys:
the order of rows and the number of threads change nothing.

References:
    Dasgupta, Freund. Random projection trees and low dimensional manifolds. STOC 2008: cells by cuts.
    Muja, Lowe. Scalable nearest neighbor algorithms for high dimensional data. PAMI 2014: several trees.
"""

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lightly_ray.compiled import compiled
from lightly_ray.selection.order import top
from lightly_ray.selection.threads import on_threads
from lightly_ray.selection.whole_numbers import squared_norms

CANDIDATES = 4096  # samples that each one is compared with in one search
_CELL = 256  # samples
_SEARCHES = 4
_SAMPLE = 512  # samples that say where to cut
_SMALLEST = 10  # one part of so many is the least that is cut off
_ROUNDS = 5  # of the two means
_BLOCK = 32  # cells
_ROWS = 1 << 14  # whose vectors are brought together at a time
_LANES = 256  # candidates side by side
_ODD = 0x9E3779B97F4A7C15

_Cells = list[NDArray[np.intp]]


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """The nearest neighbours so far, nearest first.

    Attributes:
        squared: (n, k) distances.
        rows: (n, k) whose, -1 for none.
    """

    squared: NDArray[np.int32]
    rows: NDArray[np.int32]


def nearest_in_cells(vectors: NDArray[np.float32], keys: NDArray[np.uint64], count: int) -> NDArray[np.int32]:
    """Squared distances (n, count) of each sample to its nearest neighbours, nearest first, as far as they are found.

    Args:
        vectors: (n, D) in steps, see `whole_vectors`.
        keys: (n,) of ids, as `random_keys` gives them.
        count: how many, less than n and than `CANDIDATES`.
    """
    shape = len(vectors), count
    found = _Found(np.full(shape, np.iinfo(np.int32).max, np.int32), np.full(shape, -1, np.int32))
    norms, threads = squared_norms(vectors), os.cpu_count() or 1
    # Times an odd number, keys come in another order for each search.
    orders = [np.argsort(keys * np.uint64(_ODD**number % 2**64), kind="stable") for number in range(_SEARCHES)]
    for cells in on_threads(threads, lambda order: _cut(vectors, order), orders):
        means = np.stack([_mean(vectors[rows]) for rows in cells])

        def search(start: int, cells: _Cells = cells, means: NDArray[np.float32] = means) -> None:
            for rows, candidates in _beside(cells, means, start):
                products = vectors[rows] @ vectors[candidates].T
                _keep_nearest(products, (rows, candidates), norms, found.squared, found.rows)

        on_threads(threads, search, range(0, len(cells), _BLOCK))
    return found.squared


def _cut(vectors: NDArray[np.float32], order: NDArray[np.intp]) -> _Cells:
    """Cells of rows, from all rows in the order of their keys, which they keep."""
    cells, waiting = [], [order]
    while waiting:
        rows = waiting.pop()
        if len(rows) <= _CELL:
            cells.append(rows)
            continue
        direction, middle = _between_two_means(vectors[rows[:_SAMPLE]])
        along = np.concatenate(
            [vectors[rows[start : start + _ROWS]] @ direction for start in range(0, len(rows), _ROWS)]
        ).astype(np.float64)
        least = len(rows) // _SMALLEST
        size = min(max(least, int((along <= middle).sum())), len(rows) - least)
        low = np.zeros(len(rows), np.bool_)
        low[top(-along, size)] = True
        waiting += [rows[low], rows[~low]]
    return cells


def _between_two_means(sample: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """Direction (D,) in which two means of a sample lie, and where on it the middle between them is."""
    first, second = sample[0], sample[1]
    for _ in range(_ROUNDS):
        # Half of it is as long as a vector at most, so that products with vectors are exact.
        direction = np.rint((first - second) / 2)
        middle = float(direction.astype(np.float64) @ (first + second)) / 2
        above = sample @ direction > middle
        if above.all() or not above.any():
            break
        first, second = _mean(sample[above]), _mean(sample[~above])
    return direction, middle


def _mean(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.rint(vectors.mean(axis=0, dtype=np.float64)), np.float32)


def _beside(cells: _Cells, means: NDArray[np.float32], start: int) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """A block of cells, each with the rows of those nearest to it, itself among them."""
    norms, sizes = squared_norms(means).astype(np.int64), np.array([len(rows) for rows in cells])
    squared = norms - 2 * (means[start : start + _BLOCK] @ means.T).astype(np.int64)
    most = min(len(cells), _SMALLEST * CANDIDATES // _CELL)
    # No two of these are equal, so that which are the nearest does not depend on how they are sorted.
    places = np.sort(np.partition(squared * len(cells) + np.arange(len(cells)), most - 1, axis=1)[:, :most], axis=1)
    result = []
    for rows, near in zip(cells[start : start + _BLOCK], places % len(cells), strict=True):
        enough = int(np.searchsorted(np.cumsum(sizes[near]), CANDIDATES)) + 1
        result.append((rows, np.concatenate([cells[place] for place in near[:enough]])))
    return result


@compiled()
def _keep_nearest(
    products: NDArray[np.float32],
    pairs: tuple[NDArray[np.intp], NDArray[np.intp]],
    norms: NDArray[np.int32],
    squared: NDArray[np.int32],
    neighbours: NDArray[np.int32],
) -> None:
    rows, candidates = pairs
    halves, most = (norms[candidates] / 2).astype(np.float32), np.empty(_LANES, np.float32)
    for i in range(len(rows)):
        row, norm = rows[i], np.int64(norms[rows[i]])
        _largest_of_lanes(products[i], halves, most)
        # |x - y|^2 < worst  where  x y - |y|^2 / 2 > (|x|^2 - worst) / 2: rounding both keeps that order.
        least = np.float32((norm - squared[row, -1]) / 2)
        if neighbours[row, -1] < 0:
            least = _least_of_nearest(most, squared.shape[1])
        for lane in range(min(_LANES, len(candidates))):
            if most[lane] >= least:
                for j in range(lane, len(candidates), _LANES):
                    distance = norm + norms[candidates[j]] - 2 * np.int64(products[i, j])
                    if distance < squared[row, -1] and candidates[j] != row:
                        _insert(squared[row], neighbours[row], distance, candidates[j])


@compiled()
def _largest_of_lanes(products: NDArray[np.float32], halves: NDArray[np.float32], most: NDArray[np.float32]) -> None:
    # Over candidates side by side, since a loop over those of one lane is not vectorised.
    most[:] = -np.inf
    for start in range(0, len(products), _LANES):
        some, half = products[start : start + _LANES], halves[start : start + _LANES]
        for lane in range(len(some)):
            value = some[lane] - half[lane]
            most[lane] = value if value > most[lane] else most[lane]


@compiled()
def _least_of_nearest(most: NDArray[np.float32], count: int) -> float:
    # So many lanes hold one that is as near, and one more, which may hold the sample itself: what is less is none of
    # the nearest. Where there are not so many lanes everything is looked at.
    return np.partition(most, _LANES - 1 - count)[_LANES - 1 - count] if count < _LANES else -np.inf


@compiled()
def _insert(squared: NDArray[np.int32], neighbours: NDArray[np.int32], distance: int, neighbour: int) -> None:
    for known in neighbours:
        if known == neighbour:
            return
    place = len(squared) - 1
    while place > 0 and squared[place - 1] > distance:
        squared[place], neighbours[place] = squared[place - 1], neighbours[place - 1]
        place -= 1
    squared[place], neighbours[place] = distance, neighbour

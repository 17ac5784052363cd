"""Clusters of what a model doubts most: weighted k-means, and of each cluster the sample nearest to its centre.

    pool       where k are to be picked the 10 k samples of the largest scores, of equal ones the smallest keys
    seeds      one after another: the sample i of the smallest  e_i / (w_i d_i^2),  d_i the distance to the nearest
               of all seeds and of what is selected, e_i an exponential variate of (seed, step, id): a draw in
               proportion to w_i d_i^2 (k-means++) that does not depend on the order of rows
    centres    means of their members, weighted, until no member moves, at most 10 times
    picks      of each centre the nearest sample that is not picked yet, in the order of the seeds

A sample without weight is picked only when none with a weight is left. What is selected already is a seed that neither
moves nor is picked from. Vectors and sums are whole numbers (see `whole_numbers`), so distances are exact; of samples
as near as each other the one of the smallest key wins. Keys are of ids, so the order of rows decides nothing.

References:
    Zhdanov. Diverse mini-batch Active Learning. 2019, arXiv 1901.05954: weighted k-means over the most informative.
    Arthur, Vassilvitskii. k-means++: the advantages of careful seeding. SODA 2007.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lightly_ray.selection.whole_numbers import FAR, nearest_selected, squared_norms

CONSIDERED = 10  # times the picks
_ROUNDS = 10
_BLOCK = 1024  # samples whose distances to all centres are computed at a time


def cluster(
    vectors: NDArray[np.float32],
    weights: NDArray[np.int64],
    keys: NDArray[np.uint64],
    selected: NDArray[np.float32],
    picks: int,
    *,
    advance: Callable[[int], None] = lambda _: None,
) -> NDArray[np.int64]:
    """Positions (picks,) of the samples to pick.

    Args:
        vectors: (n, D) of what may be picked, in steps, n >= picks, in any order.
        weights: (n,), see `whole_weights`.
        keys: (n,) of ids and a seed, as `random_keys` gives them; the draws depend on them, and they decide between
            equals.
        selected: (p, D) of what is selected already.
        picks: how many.
        advance: called with numbers of picks as they are made.
    """
    if not picks:
        return np.empty(0, np.int64)
    order = np.argsort(keys, kind="stable")  # below, the first of equals is the one of the smallest key
    vectors, weights, keys = vectors[order], weights[order], keys[order]
    nearest = nearest_selected(vectors, selected)
    centres = _seeds(vectors, weights, keys, nearest, picks)
    members = np.full(len(vectors), -1)
    for _ in range(_ROUNDS):
        before, members = members, _members(vectors, centres, nearest)
        if (before == members).all():
            break
        centres = _means(vectors, weights, members, centres)
    return order[_nearest_members(vectors, weights, centres, members, advance)]


def _seeds(
    vectors: NDArray[np.float32],
    weights: NDArray[np.int64],
    keys: NDArray[np.uint64],
    nearest: NDArray[np.int64],
    picks: int,
) -> NDArray[np.float32]:
    """Vectors (picks, D) of samples that are far from each other and weigh much."""
    norms, left = squared_norms(vectors).astype(np.int64), np.ones(len(vectors), np.bool_)
    chosen: list[int] = []
    for step in range(picks):
        # Without any seed every sample is as far as the others.
        far = np.where(nearest == FAR, 1, nearest).astype(np.float64)
        with np.errstate(divide="ignore"):
            races = _exponential(keys, step) / (weights * far)
        races[~left] = np.inf
        # Where nothing is left that lies apart or weighs anything, the smallest keys go on.
        place = int(races.argmin()) if np.isfinite(races.min()) else int(_offered(left, weights).argmax())
        chosen.append(place)
        left[place] = False
        squared = norms + norms[place] - 2 * (vectors @ vectors[place]).astype(np.int64)
        nearest = np.minimum(nearest, squared)
    return vectors[chosen]


def _offered(left: NDArray[np.bool_], weights: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(n,) which of the samples that are left may be picked: those with a weight, and all where none has one."""
    weighing = left & (weights > 0)
    return weighing if weighing.any() else left


def _exponential(keys: NDArray[np.uint64], step: int) -> NDArray[np.float64]:
    """(n,) exponential variates of samples' keys and a step: the finaliser of splitmix64 over both."""
    mixed = keys + np.uint64((step + 1) * 0x9E3779B97F4A7C15 % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return np.asarray(-np.log(((mixed >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53))


def _members(
    vectors: NDArray[np.float32], centres: NDArray[np.float32], nearest: NDArray[np.int64]
) -> NDArray[np.int64]:
    """(n,) the nearest centre of each sample, -1 for one that lies no farther from what is selected."""
    norms, of_centres = squared_norms(vectors).astype(np.int64), squared_norms(centres).astype(np.int64)
    members = np.empty(len(vectors), np.int64)
    for start in range(0, len(vectors), _BLOCK):
        some = slice(start, start + _BLOCK)
        products = (vectors[some] @ centres.T).astype(np.int64)
        squared = norms[some, None] + of_centres - 2 * products
        closest = squared.argmin(axis=1)
        members[some] = np.where(squared.min(axis=1) < nearest[some], closest, -1)
    return members


def _means(
    vectors: NDArray[np.float32],
    weights: NDArray[np.int64],
    members: NDArray[np.int64],
    centres: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Centres (k, D) in steps; one without members, or whose members weigh nothing, stays where it is."""
    order = np.argsort(members, kind="stable")
    order = order[members[order] >= 0]
    cells, starts = np.unique(members[order], return_index=True)
    result = centres.copy()
    if not len(cells):
        return result
    heavy = weights[order]
    sums = np.add.reduceat(vectors[order].astype(np.int64) * heavy[:, None], starts, axis=0)
    totals = np.add.reduceat(heavy, starts)
    some = totals > 0
    result[cells[some]] = np.rint(sums[some] / totals[some, None])
    return result


def _nearest_members(
    vectors: NDArray[np.float32],
    weights: NDArray[np.int64],
    centres: NDArray[np.float32],
    members: NDArray[np.int64],
    advance: Callable[[int], None],
) -> NDArray[np.int64]:
    """(k,) of each centre the nearest of its members that may be picked, or where there are none, of all samples."""
    norms, left = squared_norms(vectors).astype(np.int64), np.ones(len(vectors), np.bool_)
    picks = []
    for cell, centre in enumerate(centres):
        squared = norms - 2 * (vectors @ centre).astype(np.int64)
        offered = _offered(left, weights)
        mine = offered & (members == cell)
        squared[~(mine if mine.any() else offered)] = FAR
        place = int(squared.argmin())
        picks.append(place)
        left[place] = False
        advance(1)
    return np.array(picks, np.int64)

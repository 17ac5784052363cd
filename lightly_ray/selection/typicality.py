"""Typicality: a score that needs no model, high where many samples are alike and low for odd ones.

    t_i = 1 / mean distance of x_i to its k nearest neighbours,   x of unit length

Vectors are whole numbers, so distances are exact, and a sample's score is the same in any order of rows. Up to 50,000
samples all pairs are looked at, n x n x D products in blocks; of more the neighbours are looked for in cells (see
`neighbours`), and a score is a little less than it would be where some are not found.

References:
    Hacohen, Dekel, Weinshall. Active Learning on a Budget: Opposite Strategies Suit High and Low Budgets (TypiClust).
    ICML 2022, arXiv 2202.02794: equation 4, k = 20.
"""

import os

import numpy as np
from numpy.typing import NDArray

from lightly_ray.selection.neighbours import nearest_in_cells
from lightly_ray.selection.threads import on_threads
from lightly_ray.selection.whole_numbers import FAR, STEPS, squared_norms

NEIGHBOURS = 20
MOST_PAIRS_OF = 50_000  # samples
_BLOCK = 128


def typicality(
    vectors: NDArray[np.float32], keys: NDArray[np.uint64], neighbours: int = NEIGHBOURS
) -> NDArray[np.float64]:
    """Score samples by how near their neighbours are.

    Args:
        vectors: (n, D) in steps, see `whole_vectors`.
        keys: (n,) of ids, as `random_keys` gives them; where to look depends on them.
        neighbours: how many, 1 .. 1,000; at most n - 1 are there.

    Returns:
        (n,) scores above 0. A mean distance counts as one step (1 / 4000) at least, as of duplicates. One sample alone
        is neither typical nor odd: 1.
    """
    count = min(neighbours, len(vectors) - 1)
    if count < 1:
        return np.ones(len(vectors))
    few = len(vectors) <= MOST_PAIRS_OF
    squared = _nearest_of_all(vectors, count) if few else nearest_in_cells(vectors, keys, count)
    mean: NDArray[np.float64] = np.sqrt(squared.astype(np.float64)).mean(axis=1)
    return STEPS / np.maximum(1, mean)


def _nearest_of_all(vectors: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Squared distances (n, count) of each sample to its nearest neighbours, nearest first."""
    norms, result = squared_norms(vectors).astype(np.int64), np.empty((len(vectors), count), np.int64)

    def look(start: int) -> None:
        rows = np.arange(start, min(start + _BLOCK, len(vectors)))
        squared = norms[rows, None] + norms - 2 * (vectors[rows] @ vectors.T).astype(np.int64)
        squared[np.arange(len(rows)), rows] = FAR  # itself is no neighbour
        result[rows] = np.sort(np.partition(squared, count - 1, axis=1)[:, :count], axis=1)

    on_threads(os.cpu_count() or 1, look, range(0, len(vectors), _BLOCK))
    return result

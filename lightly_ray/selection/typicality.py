"""Typicality: a score that needs no model, high where many samples are alike and low for odd ones.

    t_i = 1 / mean distance of x_i to its k nearest neighbours,   x of unit length

Vectors are whole numbers, so distances are exact, and a sample's score is the same in any order of rows. All pairs are
looked at: n x n x D products, in blocks.

References:
    Hacohen, Dekel, Weinshall. Active Learning on a Budget: Opposite Strategies Suit High and Low Budgets (TypiClust).
    ICML 2022, arXiv 2202.02794: equation 4, k = 20.
"""

import os

import numpy as np
from numpy.typing import NDArray

from lightly_ray.selection.threads import on_threads
from lightly_ray.selection.whole_numbers import FAR, STEPS, squared_norms

NEIGHBOURS = 20
_BLOCK = 128


def typicality(vectors: NDArray[np.float32], neighbours: int = NEIGHBOURS) -> NDArray[np.float64]:
    """Score samples by how near their neighbours are.

    Args:
        vectors: (n, D) in steps, see `whole_vectors`, n >= 2.
        neighbours: how many, at most n - 1 are there.

    Returns:
        (n,) scores above 0. A mean distance counts as one step (1 / 4000) at least, as of duplicates.
    """
    norms, count = squared_norms(vectors).astype(np.int64), min(neighbours, len(vectors) - 1)
    scores = np.empty(len(vectors))

    def score(start: int) -> None:
        rows = np.arange(start, min(start + _BLOCK, len(vectors)))
        squared = norms[rows, None] + norms - 2 * (vectors[rows] @ vectors.T).astype(np.int64)
        squared[np.arange(len(rows)), rows] = FAR  # itself is no neighbour
        nearest = np.sort(np.partition(squared, count - 1, axis=1)[:, :count], axis=1)
        scores[rows] = STEPS / np.maximum(1, np.sqrt(nearest.astype(np.float64)).mean(axis=1))

    on_threads(os.cpu_count() or 1, score, range(0, len(vectors), _BLOCK))
    return scores

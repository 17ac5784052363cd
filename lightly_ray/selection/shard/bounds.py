"""Bounds of a partition's keys, and which rows stand above a threshold."""

import numpy as np
from numpy.typing import NDArray

from lightly_ray.compiled import compiled

_SLICE = 2**20  # rows scanned at once; bounds the memory of what is above the threshold


class Bounds:
    """For every row of a partition, an upper bound of its distance to the nearest center.

    The key of a row is its distance x its score, with a score of 1 where there are none; a score of 0 makes it 0, also
    while the bound is inf. Before any center every row counts as equally far, at distance 1: the score alone decides.

    Attributes:
        upper: (N,) distance to the nearest of the first ``compared`` centers, inf where that is 0; -1 for a selected
            row.
        compared: (N,) number of centers that the row has been compared with.
        nearest: (N,) the center that the row is nearest to among those; anything where ``compared`` is 0.
        scores: (N,) float64, empty where all count alike.
        min_distance: rows nearer than that are not eligible; 0 is off.
    """

    def __init__(self, rows: int, scores: NDArray[np.floating] | None, min_distance: float) -> None:
        self.upper = np.ones(rows)
        self.compared = np.zeros(rows, np.int32)
        self.nearest = np.zeros(rows, np.int32)
        self.scores = np.empty(0) if scores is None else scores.astype(np.float64)
        self.min_distance, self._min_distance = 0.0, min_distance

    def begin(self) -> None:
        """There are centers from now on, and no row has been compared with any."""
        self.min_distance = self._min_distance
        self.upper[:] = np.inf

    def keys(self, rows: NDArray[np.int32]) -> NDArray[np.float64]:
        """Keys of some rows by their bounds, -1 where a row is selected or too near to a center."""
        keys = np.empty(len(rows))
        _weigh(self.upper, self.scores, self.min_distance, rows, keys)
        return keys

    def above(self, threshold: float) -> tuple[NDArray[np.int32], tuple[float, int]]:
        """The eligible rows whose key is at or above the threshold, and the first in order of all others.

        Returns:
            rows, ascending; (key, row) of the best other one, (-1, -1) where there is none.
        """
        slice_rows, slices = np.empty(min(_SLICE, len(self.upper)), np.int32), []
        rest = (-1.0, -1)
        for start in range(0, len(self.upper), _SLICE):
            span = start, min(start + _SLICE, len(self.upper))
            count, *best = _scan(self.upper, self.scores, (threshold, self.min_distance), span, slice_rows)
            slices.append(slice_rows[:count].copy())
            rest = max(rest, (best[0], best[1]), key=lambda item: item[0])  # the earliest slice among equals
        return np.concatenate(slices) if slices else slice_rows, rest


@compiled()
def _key(upper: float, scores: NDArray[np.float64], row: int) -> float:
    if len(scores) == 0:
        return upper
    return float(upper * scores[row]) if scores[row] > 0 else 0.0


@compiled()
def _weigh(
    upper: NDArray[np.float64],
    scores: NDArray[np.float64],
    min_distance: float,
    rows: NDArray[np.int32],
    keys: NDArray[np.float64],
) -> None:
    for i in range(len(rows)):
        value = upper[rows[i]]
        keys[i] = _key(value, scores, rows[i]) if value >= min_distance else -1.0


@compiled()
def _scan(
    upper: NDArray[np.float64],
    scores: NDArray[np.float64],
    limits: tuple[float, float],
    span: tuple[int, int],
    above: NDArray[np.int32],
) -> tuple[int, float, int]:
    """Write the rows of a span at or above the threshold into ``above``; limits: threshold and least distance."""
    count, best_key, best_row = 0, -1.0, -1
    for row in range(span[0], span[1]):
        if upper[row] >= limits[1]:
            key = _key(upper[row], scores, row)
            if key >= limits[0]:
                above[count] = row
                count += 1
            elif key > best_key:
                best_key, best_row = key, row
    return count, best_key, best_row

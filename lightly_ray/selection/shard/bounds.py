"""Bounds of a partition's keys, and which rows stand above a threshold."""

import numpy as np
from numpy.typing import NDArray

from lightly_ray.compiled import compiled

_SLICE = 2**20  # rows scanned at once; bounds the memory of what is found


class Keys:
    """What a partition knows about its rows.

    The key of a row is near x score, with a score of 1 where there are none; a score of 0 makes it 0, also while the
    bound is inf. Before any center every row counts as equally far, at distance 1: the score alone decides.

    Attributes:
        near: (N,) distance to the nearest of the first ``age`` centers, inf for age 0; -1 once the row is taken.
        age: (N,) number of centers that the row has been compared with.
        home: (N,) the center that the row is nearest to among those; anything for age 0.
        scores: (N,) float64, empty where all count alike.
        min_distance: rows nearer than that are not eligible; 0 is off.
    """

    def __init__(self, rows: int, scores: NDArray[np.floating] | None, min_distance: float) -> None:
        self.near = np.ones(rows)
        self.age = np.zeros(rows, np.int32)
        self.home = np.zeros(rows, np.int32)
        self.scores = np.empty(0) if scores is None else scores.astype(np.float64)
        self.min_distance, self._min_distance = 0.0, min_distance

    def begin(self) -> None:
        """There are centers now: nobody has been compared with any."""
        self.min_distance = self._min_distance
        self.near[:] = np.inf

    def of(self, rows: NDArray[np.int32]) -> NDArray[np.float64]:
        """Keys of some rows, -1 where a row is taken or too near to a center."""
        keys = np.empty(len(rows))
        _weigh(self.near, self.scores, self.min_distance, rows, keys)
        return keys

    def above(self, threshold: float) -> tuple[NDArray[np.int32], tuple[float, int]]:
        """The eligible rows whose key is at or above the threshold, and the first in order of all others.

        Returns:
            rows, ascending; (key, row) of the best other one, (-1, -1) where there is none.
        """
        found, parts = np.empty(min(_SLICE, len(self.near)), np.int32), []
        rest = (-1.0, -1)
        for start in range(0, len(self.near), _SLICE):
            stop = min(start + _SLICE, len(self.near))
            count, *best = _scan(self.near, self.scores, threshold, self.min_distance, start, stop, found)
            parts.append(found[:count].copy())
            rest = max(rest, (best[0], best[1]), key=lambda item: item[0])  # the earliest slice among equals
        return np.concatenate(parts) if parts else found, rest


@compiled()
def _key(near, scores, row):  # type: ignore[no-untyped-def]  # numba
    if len(scores) == 0:
        return near
    return near * scores[row] if scores[row] > 0 else 0.0


@compiled()
def _weigh(near, scores, min_distance, rows, keys):  # type: ignore[no-untyped-def]  # numba
    for i in range(len(rows)):
        value = near[rows[i]]
        keys[i] = _key(value, scores, rows[i]) if value >= min_distance else -1.0


@compiled()
def _scan(near, scores, threshold, min_distance, start, stop, found):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917  # numba takes arrays, not objects
    count, best_key, best_row = 0, -1.0, -1
    for row in range(start, stop):
        if near[row] >= min_distance:
            key = _key(near[row], scores, row)
            if key >= threshold:
                found[count] = row
                count += 1
            elif key > best_key:
                best_key, best_row = key, row
    return count, best_key, best_row

"""Clusters of a pool: reads the vectors that matter into this process, and picks."""

import time

import numpy as np
from numpy.typing import NDArray

from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel.selection.cover_pool import MOST, read_whole
from lightly_ray.parallel.selection.pick_progress import OnProgress, counted_picks
from lightly_ray.parallel.selection.resources import Resources
from lightly_ray.parallel.selection.result import SelectionStats
from lightly_ray.selection.cluster import CONSIDERED, cluster
from lightly_ray.selection.greedy import Picks
from lightly_ray.selection.random_draw import smallest
from lightly_ray.selection.request import Problem
from lightly_ray.selection.whitening import Whitening
from lightly_ray.selection.whole_numbers import whole_weights


def select_clusters(
    problem: Problem, resources: Resources, on_progress: OnProgress | None
) -> tuple[Picks, SelectionStats, Whitening | None]:
    """Pick one sample of each cluster of those that have the largest scores, of all where there are none.

    Scores that are all equal tell nothing and count as none. At most 50,000 are clustered: those of the
    largest scores, or a sample; between equals a key of id and seed decides.

    Raises:
        InvalidInputError: an embedding is bad, or more are to be picked than are clustered.
    """
    started = time.monotonic()
    if problem.picks > MOST:
        raise InvalidInputError(f"cluster picks at most {MOST:,} samples at a time, {problem.picks:,} were asked for")
    keys, scores = problem.random_keys(problem.settings.seed), _telling(problem.scores)
    if scores is None:
        some = smallest(keys, MOST)
    else:
        some = np.lexsort((keys, -scores))[: min(MOST, CONSIDERED * problem.picks)]
    # Scores know what is labelled already: measured, clusters of what is doubted gain less where that repels too.
    repelling = problem.centers if scores is None else problem.centers[:0]
    rows = np.unique(np.concatenate([problem.candidates[some], repelling]))
    vectors, whitening = read_whole(problem, rows)
    read_seconds = time.monotonic() - started
    with counted_picks(problem, on_progress, show=resources.progress) as advance:
        found = cluster(
            vectors[np.searchsorted(rows, problem.candidates[some])],
            _weights(scores, some),
            keys[some],
            vectors[np.searchsorted(rows, repelling)],
            problem.picks,
            advance=advance,
        )
    gains = np.zeros(len(found)) if problem.scores is None else problem.scores[some][found]
    seconds = {"read": read_seconds, "pick": time.monotonic() - started - read_seconds}
    return Picks(problem.candidates[some[found]], gains), SelectionStats(seconds=seconds, partitions=1), whitening


def _telling(scores: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """Scores, or None where they are all equal and so tell nothing."""
    return None if scores is None or (scores == scores.max(initial=0)).all() else scores


def _weights(scores: NDArray[np.float64] | None, some: NDArray[np.intp]) -> NDArray[np.int64]:
    if scores is None:
        return whole_weights(None, len(some))
    # A score that is small beside the others still comes before none.
    return np.maximum(whole_weights(scores[some], len(some)), scores[some] > 0)

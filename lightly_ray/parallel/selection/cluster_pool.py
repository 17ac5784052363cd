"""Clusters of a pool: reads the vectors that matter into this process, and picks."""

import time

import numpy as np

from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel.selection.cover_pool import MOST, read_whole
from lightly_ray.parallel.selection.pick_progress import OnProgress, counted_picks
from lightly_ray.parallel.selection.resources import Resources
from lightly_ray.parallel.selection.result import SelectionStats
from lightly_ray.selection.cluster import CONSIDERED, cluster
from lightly_ray.selection.greedy import Picks
from lightly_ray.selection.order import by_score
from lightly_ray.selection.random_draw import smallest
from lightly_ray.selection.request import Problem
from lightly_ray.selection.whitening import Whitening
from lightly_ray.selection.whole_numbers import whole_weights


def select_clusters(
    problem: Problem, resources: Resources, on_progress: OnProgress | None
) -> tuple[Picks, SelectionStats, Whitening | None]:
    """Pick one sample of each cluster of those that have the largest scores, of all where there are none.

    At most 50,000 are clustered: those of the largest scores, or a sample that depends on ids alone.

    Raises:
        InvalidInputError: an embedding is bad, or more are to be picked than are clustered.
    """
    started = time.monotonic()
    if problem.picks > MOST:
        raise InvalidInputError(f"cluster picks at most {MOST:,} samples at a time, {problem.picks:,} were asked for")
    count, scores = len(problem.candidates), problem.scores
    keys = problem.random_keys(problem.settings.seed)
    if scores is None:
        some = np.sort(smallest(keys, MOST)) if count > MOST else np.arange(count)
    else:
        some = np.sort(by_score(scores, min(count, MOST, CONSIDERED * problem.picks)))
    # Scores know what is labelled already: measured, clusters of what is doubted gain less where that repels too.
    repelling = problem.centers if scores is None else problem.centers[:0]
    rows = np.unique(np.concatenate([problem.candidates[some], repelling]))
    vectors, whitening = read_whole(problem, rows)
    read_seconds = time.monotonic() - started
    with counted_picks(problem, on_progress, show=resources.progress) as advance:
        found = cluster(
            vectors[np.searchsorted(rows, problem.candidates[some])],
            whole_weights(None if scores is None else scores[some], len(some)),
            keys[some],
            vectors[np.searchsorted(rows, repelling)],
            problem.picks,
            advance=advance,
        )
    gains = np.zeros(len(found)) if scores is None else scores[some][found]
    seconds = {"read": read_seconds, "pick": time.monotonic() - started - read_seconds}
    return Picks(problem.candidates[some[found]], gains), SelectionStats(seconds=seconds, partitions=1), whitening

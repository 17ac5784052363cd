"""Clusters of a pool: reads the vectors that matter into this process, and picks."""

import time

import numpy as np

from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel.selection.cover_pool import MOST, read_whole
from lightly_ray.parallel.selection.engine import OnProgress
from lightly_ray.parallel.selection.resources import Resources
from lightly_ray.parallel.selection.result import SelectionStats
from lightly_ray.progress import Progress
from lightly_ray.selection.cluster import CONSIDERED, cluster
from lightly_ray.selection.greedy import Picks
from lightly_ray.selection.order import by_score
from lightly_ray.selection.random_draw import random_keys, smallest
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
    texts = problem.ids.texts(problem.candidates)
    keys = np.concatenate([np.zeros(0, np.uint64), *(random_keys(one, problem.settings.seed) for one in texts)])
    if scores is None:
        some = np.sort(smallest(keys, MOST)) if count > MOST else np.arange(count)
    else:
        some = np.sort(by_score(scores, min(count, MOST, CONSIDERED * problem.picks)))
    # Scores know what is labelled already: measured, clusters of what is doubted gain less where that repels too.
    repelling = problem.centers if scores is None else problem.centers[:0]
    rows = np.unique(np.concatenate([problem.candidates[some], repelling]))
    vectors, whitening = read_whole(problem, rows)
    read_seconds = time.monotonic() - started
    before = len(problem.preselected)
    with Progress("select", problem.picks, unit="picks", show=resources.progress) as progress:

        def advance(picks: int) -> None:
            progress.advance(picks)
            if on_progress is not None:
                on_progress(before + progress.done, before + problem.picks)

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

"""A part of every selection that is drawn at random, before anything else is picked.

What is drawn is an honest sample of what could be selected, so a learning curve or an estimate made of it is honest
too; what a method picks is none. Keys are those of RANDOM: with one seed, a later selection goes on behind the keys
that are used up, which are independent of all scores and embeddings.
"""

from dataclasses import replace

import numpy as np

from lightly_ray.methods import resolve_random_share
from lightly_ray.selection.greedy import Picks
from lightly_ray.selection.random_draw import smallest
from lightly_ray.selection.request import Problem


def draw_random(problem: Problem, count: int) -> Picks:
    """The ``count`` candidates with the smallest random keys, smallest first; a gain is the key in [0, 1)."""
    keys = problem.random_keys(problem.settings.seed)
    positions = smallest(keys, count)
    # 53 bits fit a float64 exactly.
    return Picks(problem.candidates[positions], (keys[positions] >> np.uint64(11)) / 2.0**53)


def with_share_drawn(problem: Problem, share: float) -> Problem:
    """The problem after ``ceil(share x picks)`` of its picks were drawn, which from then on count as preselected.

    Args:
        problem: with all candidates that cannot be picked left out already.
        share: in [0, 1), as `lightly_ray.methods.require_random_share` returns it.
    """
    count = resolve_random_share(share, problem.picks)
    if not count:
        return problem
    drawn = draw_random(problem, count)
    others = ~np.isin(problem.candidates, drawn.rows)
    return replace(
        problem,
        candidates=problem.candidates[others],
        preselected=np.concatenate([problem.preselected, drawn.rows]),
        centers=np.concatenate([problem.centers, drawn.rows]),
        scores=None if problem.scores is None else problem.scores[others],
        picks=problem.picks - count,
        drawn=drawn,
    )

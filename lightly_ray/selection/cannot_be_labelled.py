"""Samples that cannot be labelled: never picked, and where they are preselected, they count and repel nothing.

An image that turns out to be unreadable, empty or private was selected and gets no label. What lies near it is as
unlabelled as before, so it is no center, and covers nothing.
"""

from dataclasses import replace

import numpy as np

from lightly_ray._types import IdsLike
from lightly_ray.errors import InvalidInputError
from lightly_ray.selection.request import Problem, with_candidates


def without_marked(problem: Problem, marked: IdsLike | None) -> Problem:
    """The problem without samples that cannot be labelled.

    Args:
        problem: as it was posed.
        marked: distinct ids of the data, None for none.

    Raises:
        InvalidInputError: an id is unknown or comes twice, or fewer samples are left than asked for, or none.
    """
    if marked is None:
        return problem
    rows = problem.ids.rows_of(marked, "cannot_be_labelled")
    kept = ~np.isin(problem.candidates, rows)
    centers = problem.preselected[~np.isin(problem.preselected, rows)]
    # Without candidates, preselected samples are the whole result, which is fine while some of them are centers.
    if not kept.any() and (len(kept) or not len(centers)):
        raise InvalidInputError(
            f"no sample is left that could be selected: all {len(kept) or len(problem.preselected)} are marked as "
            "cannot be labelled"
        )
    return replace(with_candidates(problem, kept), centers=centers)

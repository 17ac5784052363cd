"""Coverage of a pool: reads the vectors that matter into this process, and picks.

Up to 50,000 candidates all are covered, and all may be picked. Of more, a sample is covered that depends on ids alone;
what may be picked are those with the largest weights, and a sample of the others: half and half, all a sample where
weights are equal. How many is said in the result.
"""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lightly_ray.data.ids import RowNumbers
from lightly_ray.data.sources import load
from lightly_ray.data.vectors import Matrix, VectorFault
from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel import metrics
from lightly_ray.parallel.selection.pick_progress import OnProgress, counted_picks
from lightly_ray.parallel.selection.resources import Resources
from lightly_ray.parallel.selection.result import CoverageReport, SelectionStats
from lightly_ray.parallel.selection.whitened_blocks import WhitenedBlocks, fit_whitening, moments_of
from lightly_ray.selection.class_agreement import class_weights, directions, directions_of_labels
from lightly_ray.selection.coverage import SIGMA, WIDEST_OF_CLASSES, Pool, automatic_sigma, cover, covered_by
from lightly_ray.selection.greedy import Picks
from lightly_ray.selection.kernel import ONE, Kernel, Samples
from lightly_ray.selection.random_draw import smallest
from lightly_ray.selection.request import Problem
from lightly_ray.selection.whitening import Whitening
from lightly_ray.selection.whole_numbers import nearest_selected, whole_vectors, whole_weights

MOST = 50_000  # rows that are covered, and rows that may be picked; their kernel takes 2 bytes a pair
_SEED = 0  # of the samples: the same for the same ids


@dataclass(frozen=True, slots=True, eq=False)
class Covered:
    """What a selection by coverage gives.

    Attributes:
        picks: rows, and the share of the weight that each newly covered.
        report: how well the pool is covered.
        stats: what it cost.
        whitening: of the vectors, None where they are not whitened.
    """

    picks: Picks
    report: CoverageReport
    stats: SelectionStats
    whitening: Whitening | None


def select_covering(
    problem: Problem, resources: Resources, sigma: float | None, on_progress: OnProgress | None
) -> Covered:
    """Pick what covers the pool best.

    Args:
        problem: its scores are the weights; where it has predictions and labels, they take part.
        resources: the memory that may be used.
        sigma: width of the kernel for unit vectors; None: from the distances to what is selected.
        on_progress: called with how many samples are selected so far, and how many will be.

    Raises:
        InvalidInputError: an embedding is bad, or memory does not suffice.
    """
    started = time.monotonic()
    weights = _weights(problem)
    pool, considered = _sampled(problem, weights)
    if problem.picks > len(considered):
        raise InvalidInputError(f"coverage picks at most {MOST:,} samples at a time, {problem.picks:,} were asked for")
    _require_memory(len(pool) * len(considered), resources)
    rows = np.unique(np.concatenate([problem.candidates[pool], problem.candidates[considered], problem.centers]))
    vectors, whitening = read_whole(problem, rows)
    read_seconds = time.monotonic() - started
    given = _Given(problem, rows, vectors)
    nearest = given.nearest(pool) if len(problem.centers) else None
    to_cover = given.candidates(pool, nearest)
    widest = SIGMA if problem.classes is None else WIDEST_OF_CLASSES
    width = automatic_sigma(nearest, widest) if sigma is None else sigma
    with counted_picks(problem, on_progress, show=resources.progress) as advance:
        whole = Pool(to_cover, weights[pool], given.covered(to_cover, width))
        offered = to_cover if considered is pool else given.candidates(considered)
        found = cover(whole, offered, Kernel(width), problem.picks, advance)
    return Covered(
        picks=Picks(problem.candidates[considered[found.picks]], found.gains),
        report=CoverageReport(found.value, found.bound, width, len(pool), len(considered)),
        stats=SelectionStats(
            seconds={"read": read_seconds, "pick": time.monotonic() - started - read_seconds}, partitions=1
        ),
        whitening=whitening,
    )


def _weights(problem: Problem) -> NDArray[np.int64]:
    scores, classes = problem.scores, problem.classes
    return whole_weights(
        scores if classes is None else class_weights(classes.probabilities, scores), len(problem.candidates)
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Given:
    """Samples of a problem, as whole numbers.

    Attributes:
        problem: the problem.
        rows: ascending rows whose vectors were read.
        vectors: those.
    """

    problem: Problem
    rows: RowNumbers
    vectors: NDArray[np.float32]

    def nearest(self, some: NDArray[np.intp]) -> NDArray[np.int64]:
        """Squared distance of some of the candidates, by their positions, to what is preselected."""
        return nearest_selected(self._of(self.problem.candidates[some]), self._of(self.problem.centers))

    def candidates(self, some: NDArray[np.intp], nearest: NDArray[np.int64] | None = None) -> Samples:
        """Some of the candidates, by their positions, and their distances where these are known.

        A duplicate of what is preselected has no direction: its class is known, and it covers nothing anew.
        """
        vectors, classes = self._of(self.problem.candidates[some]), self.problem.classes
        if classes is None:
            return Samples(vectors)
        predicted = directions(classes.probabilities[some])
        predicted[(self.nearest(some) if nearest is None else nearest) == 0] = 0
        return Samples(vectors, predicted)

    def covered(self, pool: Samples, sigma: float) -> NDArray[np.uint16]:
        """How far each of the pool is covered by what is preselected."""
        selected, classes = Samples(self._of(self.problem.centers)), self.problem.classes
        if classes is None or pool.classes is None:
            return covered_by(selected, pool, Kernel(sigma))
        known = classes.labels >= 0
        labelled = Samples(
            selected.vectors[known], directions_of_labels(classes.labels[known], classes.probabilities.shape[1])
        )
        by_labels = covered_by(labelled, pool, Kernel(sigma, labelled=True))
        by_others = covered_by(selected.part(~known), pool, Kernel(sigma))
        covered = np.maximum(by_labels, by_others)
        covered[~pool.classes.any(axis=1)] = ONE
        return covered

    def _of(self, rows: RowNumbers) -> NDArray[np.float32]:
        return self.vectors[np.searchsorted(self.rows, rows)]


def _sampled(problem: Problem, weights: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions among the candidates, ascending: those that are covered, and those that may be picked.

    One array where both are the same.
    """
    count = len(problem.candidates)
    if count <= MOST:
        everything = np.arange(count)
        return everything, everything
    keys = problem.random_keys(_SEED)
    sample = np.sort(smallest(keys, MOST))
    if (weights == weights[0]).all():
        return sample, sample
    # By row, the heaviest of equals would be those that happen to come first.
    heaviest = np.lexsort((keys, -weights))[: MOST // 2]
    others = np.setdiff1d(np.arange(count), heaviest)
    return sample, np.sort(np.concatenate([heaviest, others[smallest(keys[others], MOST - len(heaviest))]]))


def read_whole(problem: Problem, rows: RowNumbers) -> tuple[NDArray[np.float32], Whitening | None]:
    """The unit vectors of some rows in steps, whitened before where that is asked for, and the whitening.

    Raises:
        InvalidInputError: an embedding is bad; the message names the sample.
    """
    blocks, whitening = problem.source, problem.whitening
    if problem.settings.whitens and whitening is None:
        whitening = fit_whitening([moments_of(problem.source, problem.needed)], problem.ids)
    loaded: Matrix | VectorFault = load(
        blocks if whitening is None else WhitenedBlocks(blocks, whitening), rows, normalize=True
    )
    if isinstance(loaded, VectorFault):
        raise loaded.error(problem.ids)
    metrics.count(metrics.ROWS_READ, len(loaded))
    return whole_vectors(loaded), whitening


def _require_memory(pairs: int, resources: Resources) -> None:
    if resources.memory_limit is not None and 2 * pairs > resources.memory_limit:
        raise InvalidInputError(
            f"coverage keeps 2 bytes for each of {pairs:,} pairs of samples, memory_limit allows "
            f"{resources.memory_limit:,.0f} bytes; a smaller query set needs less"
        )

"""`lightly_ray.select`: which samples to label, of an array, a Dataset or files.

data -> source and ids -> problem (rows, scores, number of picks) -> picks -> Selection. Random draws and
orders by score need no embeddings and are done here. Distances are the engine's: small inputs in this
process without Ray, larger ones on shard actors that each read their own part. Either way the picks are the same.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, assert_never, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray._types import IdsLike, LabelsLike, NumberLike, PathLike, PredictionsLike, ScoresLike
from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError
from lightly_ray.methods import (
    Method,
    Normalize,
    default_normalize,
    needs_embeddings,
    parse_method,
    require_random_share,
    require_size,
    takes_labels,
)
from lightly_ray.parallel.metrics import show_selection
from lightly_ray.parallel.remote_args import checked_args
from lightly_ray.parallel.selection.cluster_pool import select_clusters
from lightly_ray.parallel.selection.cover_pool import MOST, select_covering
from lightly_ray.parallel.selection.engine import select_farthest
from lightly_ray.parallel.selection.opened import open_data
from lightly_ray.parallel.selection.pick_progress import OnProgress
from lightly_ray.parallel.selection.prediction_inputs import GivenPredictions, class_predictions, read_predictions
from lightly_ray.parallel.selection.resources import Resources
from lightly_ray.parallel.selection.result import Selection, SelectionStats
from lightly_ray.parallel.selection.score_powers import read_wanted, with_typicality
from lightly_ray.selection.automatic import Situation, choose_method
from lightly_ray.selection.cannot_be_labelled import without_marked
from lightly_ray.selection.choose import Outcome
from lightly_ray.selection.greedy import Picks
from lightly_ray.selection.order import by_score
from lightly_ray.selection.random_share import draw_random, with_share_drawn
from lightly_ray.selection.request import (
    Problem,
    check_settings,
    pose_problem,
    require_distance,
    require_scores,
    require_sigma,
    unscored,
    without_rows,
)
from lightly_ray.selection.whitening import Whitening

if TYPE_CHECKING:
    from pandas import DataFrame
    from ray.data import Dataset

OrSkip = Literal["raise", "skip"]
__all__ = ["Selection", "select"]


def select(  # noqa: PLR0913  # the one door: every setting of a selection is an argument of it
    data: "NDArray[np.floating[Any]] | Dataset | PathLike | Sequence[PathLike] | pa.Table | DataFrame",
    n_samples: NumberLike,
    method: str = "auto",
    *,
    ids: IdsLike | None = None,
    id_column: str = "filename",
    embedding_column: str = "embedding",
    preselected: IdsLike | None = None,
    query: IdsLike | None = None,
    cannot_be_labelled: IdsLike | None = None,
    scores: ScoresLike | None = None,
    score: str | Mapping[str, float] | None = None,
    predictions: PredictionsLike | None = None,
    labels: LabelsLike | None = None,
    min_distance: NumberLike | None = None,
    normalize: Normalize | Whitening | None = None,
    sigma: NumberLike | Literal["auto"] = "auto",
    random_share: NumberLike = 0.0,
    seed: int = 0,
    certify: int = 1,
    on_missing: OrSkip = "raise",
    on_error: OrSkip = "raise",
    partitions: int | None = None,
    memory_limit: float | None = None,
    timeout: float | None = None,
    checkpoint: PathLike | None = None,
    progress: bool = True,
    on_progress: OnProgress | None = None,
    ray_remote_args: Mapping[str, Any] | None = None,
) -> Selection:
    """Select samples.

    The result is exactly that of the sequential algorithm, whatever the number of partitions, workers and
    blocks. Row i is the i-th of an array, or of Parquet files sorted by path; of a Dataset, the i-th id in order.
    Equal candidates: the lowest row wins, with cluster the smallest key of id and seed. Without preselected samples,
    coreset is the greedy k-center algorithm of Gonzalez (1985); each of its covers is within twice the best radius.

    While it runs, BLAS uses one thread in the whole process that computes: the engine has threads of its own, and
    matrix products of other threads of that process are slower meanwhile.

    Args:
        data: (N, D) float array; `ray.data.Dataset`; Parquet file, folder, pattern or a list of them, local or
            on any file system that Arrow knows (`s3://...`); a local .npy file; an Arrow table; or a DataFrame of
            pandas or Polars, with the columns of a table, or with a column per coordinate and the ids as its index.
        n_samples: size of the result, preselected included; a float in (0, 1] is a share of query set and
            preselected together, rounded up.
        method: "coreset" (each pick lies farthest from everything selected), "coral" (that distance times the
            score), "coverage" (like many samples that nothing selected is like yet, with scores: like uncertain ones;
            see `lightly_ray.selection.coverage`), "cluster" (one sample of each cluster of the highest scores, of all
            without, see `lightly_ray.selection.cluster`), "active_learning" (the highest scores), "random".
            "auto" takes the one that suits what is given, see `lightly_ray.selection.automatic`: coverage, but for a
            smallest distance, a certificate, or more samples than it picks; `Selection.why` says the reason.
        ids: (N,) distinct strings, by row, instead of the column. Arrays without ids use row numbers.
        id_column: strings; of a Dataset and of Parquet files.
        embedding_column: list, fixed-size-list or tensor column of float16, float32 or float64.
        preselected: ids that are selected already: they count, and they repel. They need not be in ``query``.
        query: ids that may be selected, default all. Embeddings of other samples are never read.
        cannot_be_labelled: ids that are never picked. Where they are preselected they count, and repel and cover
            nothing. Their embeddings are never read, they need no score, and n_samples as a share does not count the
            others.
        scores: (N,) numbers by row, {id: number}, the name of a column of the data, or a table that is joined by
            ``id_column``: what `lightly_ray.score` makes, a Parquet path, an Arrow table, a DataFrame, a Series with
            the ids as its index. Finite and at least 0 for every sample that may be selected; null and NaN stand for
            no score, which no other sample needs. For coral and active_learning, and for coverage where they are given.
        score: which score of such a table; by default `uncertainty_margin` where it has that, else the first. Names
            with exponents give the product of powers, ``{"uncertainty_margin": 1, "typicality": 2}``, in which
            `typicality`, where a table has none, is computed of the embeddings (`lightly_ray.selection.typicality`);
            ``scores`` may say the same where they come of predictions, or are typicality alone, and no id is so called.
        predictions: class probabilities of the samples that may be selected: (N, C) by row, {id: row}, a table with a
            column `probabilities` that is joined by ``id_column``, or a frame with a column per class. Where no scores
            are given, their `uncertainty_margin` (or the ``score`` named) is taken.
        labels: classes of preselected samples, for coverage with predictions: {id: class}, a Series with the ids as its
            index, or a table or Parquet with a column `label`; a class is its number, or its name where predictions
            name them. Then a sample counts as covered by a labelled one only as far as it is predicted to be of that
            class. They must be true ones: with a model's own guesses in their place the gain is gone.
        min_distance: stop before a pick would lie nearer than this to the selection; None or <= 0 is off.
        normalize: None leaves embeddings as they are, and lets "auto" whiten for coreset and coral; True brings them to
            unit length first; "whiten" projects them on their principal axes (128 at most) before, each scaled to unit
            variance, so that no few of them decide what is far: fitted on all samples that may be selected or are; the
            `Whitening` of an earlier selection uses its axes again. The certificate speaks of the distances that were
            taken.
        sigma: width of coverage's kernel on unit vectors; "auto": the median distance to what is selected, at most 0.7,
            which it is where nothing is selected. Coverage always looks at directions.
        random_share: this part of the picks, rounded up, is drawn at random before the others, whatever their scores:
            what that gives is an honest sample of what could be selected (`Selection.random_ids`), and counts as
            preselected for the others. In [0, 1), without min_distance; random has nothing else.
        seed: of the random draws, and of the first pick of coreset where nothing is preselected. The keys of both are
            the same: with one seed, random_share goes on where an earlier draw has ended.
        on_missing: "raise" refuses samples without a score that may be selected, "skip" leaves them out.
        on_error: "raise" refuses samples whose embedding is missing, of another length, or holds what is no finite
            number; "skip" leaves out those that may be selected, which takes one more pass over the data. What was
            left out is in `Selection.skipped`, and a warning counts and names it.
        certify: spend this many times the picks on a better lower bound of the radius (coreset).
        partitions: number of shard actors on Ray. By default the caller's process does everything where the
            embeddings are small (256 MiB), else there is one per CPU of the cluster. Coverage is computed in the
            caller's process, 2 bytes for each pair of samples (5 GB of 50,000); of more it takes a sample.
        memory_limit: most bytes that all shards together may hold; what would need more is refused beforehand.
            About 1.2 times the embeddings, 48 bytes per sample, and all selected vectors on every shard.
        timeout: seconds that a worker may take for one answer; longer counts as hanging.
        checkpoint: file where picks are written as they are made. Started again with the same data and
            settings, coreset and coral go on from there.
        progress: show it on standard error.
        on_progress: called with the number of samples selected so far, preselected included, and of those that there
            will be, whenever some were picked by distance; random and active_learning are done at once.
        ray_remote_args: where the tasks and actors that are started run, and what they hold meanwhile: ``resources``,
            ``label_selector``, ``placement_group``, ``scheduling_strategy``, ``runtime_env``, ``num_cpus`` and others
            of Ray's options. By default they ask for no CPU, so that a full cluster keeps none of them waiting, and
            spread over the nodes by their CPUs.

    Returns:
        The selection, preselected samples first, then the picks in the order in which they were made.

    Raises:
        InvalidInputError: data or settings cannot be used; the message names the sample.
        NotFoundError: a file does not exist.
        ConflictError: the checkpoint belongs to other data or settings; the message names the difference.
        WorkerLostError: workers hang, or are lost again and again.

    Example:
        >>> import numpy as np
        >>> import lightly_ray
        >>> points = np.array([[0.0, 0.0], [0.0, 1.0], [5.0, 0.0], [5.0, 1.0]])
        >>> names = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
        >>> selection = lightly_ray.select(points, 2, "coreset", ids=names, preselected=["a.jpg"], progress=False)
        >>> selection.added_ids
        ['d.jpg']
        >>> selection.radius  # of the samples, the farthest from its nearest selected one lies 1 away
        1.0

    References:
        Gonzalez. Clustering to minimize the maximum intercluster distance. TCS 1985. The use for active learning:
        Sener, Savarese. Active learning for convolutional neural networks: a core-set approach. ICLR 2018.
    """
    _require_or_skip(on_missing=on_missing, on_error=on_error)
    predicted = None if predictions is None else read_predictions(predictions, id_column)
    resources = Resources(
        partitions,
        memory_limit,
        timeout,
        None if checkpoint is None else Location.parse(checkpoint),
        progress,
        checked_args(ray_remote_args),
    )
    given, typical = read_wanted(
        scores,
        score,
        predicted,
        id_column,
        lambda: open_data(data, ids, id_column, None, None, remote_args=resources.remote_args)[1],
    )
    asked = parse_method(method)
    situation = Situation(
        n_samples=require_size(n_samples),
        most=MOST,
        min_distance=require_distance(min_distance),
        certify=certify,
        selected=preselected is not None and len(preselected) > 0,
        scored=given is not None,
        labelled=False,
    )
    choice = choose_method(asked, situation)
    settings = check_settings(
        n_samples,
        choice.method,
        min_distance=min_distance,
        normalize=_normalized(normalize, asked, choice.method, min_distance),
        seed=seed,
        certify=certify,
    )
    width = require_sigma(sigma, settings.method)
    _require_use_of(labels, predicted, asked)
    share = require_random_share(random_share, settings.min_distance)
    column = embedding_column if needs_embeddings(settings.method) or typical is not None else None
    source, row_ids = open_data(data, ids, id_column, column, given, remote_args=resources.remote_args)
    problem = pose_problem(settings, source, row_ids, query=query, preselected=preselected, scores=given)
    problem = without_marked(problem, cannot_be_labelled)
    if on_missing == "skip":
        problem = without_rows(problem, unscored(problem))
    require_scores(problem)
    if column is not None:
        problem = _with_vectors(problem, normalize, skip=on_error == "skip")
    _warn_of_skipped(problem)
    if typical is not None:
        problem = with_typicality(problem, typical, resources.memory_limit)
    problem = with_share_drawn(problem, share)
    if labels is not None and predicted is not None and settings.method == "coverage":
        classes = class_predictions(predicted, labels, problem, id_column)
        if (classes.labels >= 0).any():
            problem = replace(
                problem, classes=classes, scores=None if scores is None and typical is None else problem.scores
            )
    result = _select(problem, resources, width, on_progress, id_column)
    return replace(result, why=choose_method(asked, replace(situation, labelled=problem.classes is not None)).why)


def _select(
    problem: Problem, resources: Resources, sigma: float | None, on_progress: OnProgress | None, id_column: str
) -> Selection:
    match problem.settings.method:
        case "random":
            return _result(problem, id_column, draw_random(problem, problem.picks))
        case "active_learning":
            return _result(problem, id_column, _highest(problem))
        case "coreset" | "coral":
            outcome, stats, whitening = select_farthest(problem, resources, on_progress)
            problem = replace(problem, whitening=whitening)
            return _result(problem, id_column, outcome.picks, outcome, stats)
        case "coverage":
            covered = select_covering(problem, resources, sigma, on_progress)
            problem = replace(problem, whitening=covered.whitening)
            result = _result(problem, id_column, covered.picks, None, covered.stats)
            return replace(result, coverage=covered.report)
        case "cluster":
            picks, spent, whitening = select_clusters(problem, resources, on_progress)
            return _result(replace(problem, whitening=whitening), id_column, picks, None, spent)
        case unknown:  # A method without a branch here fails type checking.
            assert_never(unknown)


def _normalized(
    normalize: Normalize | Whitening | None, asked: str, method: Method, min_distance: NumberLike | None
) -> Normalize | Whitening:
    # A method that was asked for is the textbook's, in the given space; "auto" takes what was measured to be best.
    if normalize is None and asked == "auto":
        normalize = default_normalize(method, require_distance(min_distance))
    return False if normalize is None else normalize


def _require_use_of(labels: Any, predicted: GivenPredictions | None, method: str) -> None:
    if labels is not None and not takes_labels(method):
        raise InvalidInputError(f"method {method} does not look at labels: leave them out, or use coverage")
    if labels is not None and predicted is None:
        raise InvalidInputError("labels need predictions beside them: coverage compares what is predicted with them")


def _with_vectors(problem: Problem, normalize: object, *, skip: bool) -> Problem:
    """The layout of the vectors that matter, earlier axes, and no sample without a vector where these are skipped."""
    problem.source.learn_layout(problem.needed)
    if isinstance(normalize, Whitening):
        normalize.require_width(problem.source.layout.width)
        problem = replace(problem, whitening=normalize)
    if skip:
        unit = problem.settings.normalize is True  # whitened, zero is a vector as any
        problem = without_rows(problem, problem.source.unusable(problem.candidates, normalize=unit))
    return problem


def _highest(problem: Problem) -> Picks:
    scores = np.zeros(0) if problem.scores is None else problem.scores
    positions = by_score(scores, problem.picks)
    return Picks(problem.candidates[positions], scores[positions])


def _result(
    problem: Problem,
    id_column: str,
    picks: Picks,
    outcome: Outcome | None = None,
    stats: SelectionStats | None = None,
) -> Selection:
    rows = np.concatenate([problem.preselected, picks.rows])
    ids = problem.ids.at(rows)
    drawn = np.zeros(0) if problem.drawn is None else problem.drawn.gains
    added_ids = ids[len(problem.preselected) - len(drawn) :]
    certificate = None if outcome is None else outcome.certificate
    skipped = np.fromiter(problem.skipped, np.int64, len(problem.skipped))
    selection = Selection(
        method=problem.settings.method,
        ids=ids,
        added_ids=added_ids,
        random_ids=added_ids[: len(drawn)] if problem.settings.method != "random" else added_ids,
        rows=rows,
        gains=np.concatenate([drawn, picks.gains]),
        radius=None if certificate is None else certificate.radius,
        lower_bound=None if certificate is None else certificate.lower_bound,
        factor=None if certificate is None else certificate.factor,
        stop_reason=None if outcome is None else outcome.stop_reason,
        stats=stats or SelectionStats(),
        id_column=id_column,
        normalize=problem.settings.normalize,
        whitening=problem.whitening,
        skipped=dict(zip(problem.ids.at(skipped), problem.skipped.values(), strict=True)),
    )
    show_selection(selection)
    return selection


def _warn_of_skipped(problem: Problem) -> None:
    if problem.skipped:
        first = next(iter(problem.skipped))
        warnings.warn(
            f"{len(problem.skipped)} samples that may be selected were left out, "
            f"first: {problem.ids.name(first)}: {problem.skipped[first]}",
            stacklevel=3,
        )


def _require_or_skip(**settings: str) -> None:
    for what, value in settings.items():
        if value not in get_args(OrSkip):
            raise InvalidInputError(f"{what} must be one of {', '.join(get_args(OrSkip))}, got {value!r}")

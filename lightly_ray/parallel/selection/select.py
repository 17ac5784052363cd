"""`lightly_ray.select`: which samples to label, of an array, a Dataset or files.

data -> source and ids -> problem (rows, scores, number of picks) -> picks -> Selection. Random draws and
orders by score need no embeddings and are done here. Distances are the engine's: small inputs in this
process without Ray, larger ones on shard actors that each read their own part. Either way the picks are the same.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, assert_never, cast

import numpy as np
from numpy.typing import NDArray

from lightly_ray._types import IdsLike, NumberLike, PathLike, ScoresLike
from lightly_ray.data.ids import Ids
from lightly_ray.data.location import Location
from lightly_ray.data.parquet import ParquetSource
from lightly_ray.data.sources import ArraySource, NpySource, Source
from lightly_ray.errors import InvalidInputError
from lightly_ray.methods import needs_embeddings
from lightly_ray.parallel.selection.engine import OnProgress, select_farthest
from lightly_ray.parallel.selection.resources import Resources
from lightly_ray.parallel.selection.result import Selection, SelectionStats
from lightly_ray.selection.choose import Outcome
from lightly_ray.selection.greedy import Picks
from lightly_ray.selection.order import by_score
from lightly_ray.selection.random_draw import random_keys, smallest
from lightly_ray.selection.request import Problem, check_settings, pose_problem

if TYPE_CHECKING:
    from ray.data import Dataset

__all__ = ["Selection", "select"]


def select(  # noqa: PLR0913  # the one door: every setting of a selection is an argument of it
    data: "NDArray[np.floating[Any]] | Dataset | PathLike | Sequence[PathLike]",
    n_samples: NumberLike,
    method: str = "coreset",
    *,
    ids: IdsLike | None = None,
    id_column: str = "filename",
    embedding_column: str = "embedding",
    preselected: IdsLike | None = None,
    query: IdsLike | None = None,
    scores: ScoresLike | None = None,
    min_distance: NumberLike | None = None,
    normalize: bool = False,
    seed: int = 0,
    certify: int = 1,
    partitions: int | None = None,
    memory_limit: float | None = None,
    timeout: float | None = None,
    checkpoint: PathLike | None = None,
    progress: bool = True,
    on_progress: OnProgress | None = None,
) -> Selection:
    """Select samples.

    The result is exactly that of the sequential algorithm, whatever the number of partitions, workers and
    blocks. Row i is the i-th of an array, or of Parquet files sorted by path; of a Dataset, the i-th id in order.
    Equal candidates: the lowest row wins. Without preselected samples, coreset is the greedy k-center algorithm of
    Gonzalez (1985); each of its covers is within twice the best radius.

    While it runs, BLAS uses one thread in the whole process that computes: the engine has threads of its own, and
    matrix products of other threads of that process are slower meanwhile.

    Args:
        data: (N, D) float array; `ray.data.Dataset`; Parquet file, folder, pattern or a list of them, local or
            on any file system that Arrow knows (`s3://...`); or a local .npy file.
        n_samples: size of the result, preselected included; a float in (0, 1] is a share of query set and
            preselected together, rounded up.
        method: "coreset" (each pick lies farthest from everything selected), "coral" (that distance times the
            score), "active_learning" (the highest scores), "random"; in any case.
        ids: (N,) distinct strings, by row, instead of the column. Arrays without ids use row numbers.
        id_column: strings; of a Dataset and of Parquet files.
        embedding_column: list, fixed-size-list or tensor column of float16, float32 or float64.
        preselected: ids that are selected already: they count, and they repel. They need not be in ``query``.
        query: ids that may be selected, default all. Embeddings of other samples are never read.
        scores: (N,) numbers by row, {id: number}, or the name of a column; finite and at least 0 for every
            sample of ``query``. For coral and active_learning only.
        min_distance: stop before a pick would lie nearer than this to the selection; None or <= 0 is off.
        normalize: bring embeddings to unit length first.
        seed: of the random draw, and of the first pick of coreset where nothing is preselected.
        certify: spend this many times the picks on a better lower bound of the radius (coreset).
        partitions: number of shard actors on Ray. By default the caller's process does everything where the
            embeddings are small (256 MiB), else there is one per CPU of the cluster.
        memory_limit: most bytes that all shards together may hold; what would need more is refused beforehand.
            About 1.2 times the embeddings, 48 bytes per sample, and all selected vectors on every shard.
        timeout: seconds that a worker may take for one answer; longer counts as hanging.
        checkpoint: file where picks are written as they are made. Started again with the same data and
            settings, coreset and coral go on from there.
        progress: show it on standard error.
        on_progress: called with the number of samples selected so far, preselected included, and of those that there
            will be, whenever some were picked by distance; random and active_learning are done at once.

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
        >>> selection = lightly_ray.select(points, 2, ids=names, preselected=["a.jpg"], progress=False)
        >>> selection.added_ids
        ['d.jpg']
        >>> selection.radius  # of the samples, the farthest from its nearest selected one lies 1 away
        1.0

    References:
        Gonzalez. Clustering to minimize the maximum intercluster distance. TCS 1985. The use for active learning:
        Sener, Savarese. Active learning for convolutional neural networks: a core-set approach. ICLR 2018.
    """
    settings = check_settings(
        n_samples, method, min_distance=min_distance, normalize=normalize, seed=seed, certify=certify
    )
    place = None if checkpoint is None else Location.parse(checkpoint)
    resources = Resources(partitions, memory_limit, timeout, place, progress)
    column = embedding_column if needs_embeddings(settings.method) else None
    source, row_ids = _open(data, ids, id_column, column, scores)
    problem = pose_problem(settings, source, row_ids, query=query, preselected=preselected, scores=scores)
    match settings.method:
        case "random":
            return _result(problem, id_column, _random(problem))
        case "active_learning":
            return _result(problem, id_column, _highest(problem))
        case "coreset" | "coral":
            outcome, stats = select_farthest(problem, resources, on_progress)
            return _result(problem, id_column, outcome.picks, outcome, stats)
        case unknown:  # A method without a branch here fails type checking.
            assert_never(unknown)


def _open(
    data: object, ids: IdsLike | None, id_column: str, embedding_column: str | None, scores: ScoresLike | None
) -> tuple[Source, Ids]:
    if _is_dataset(data):
        return _open_dataset(cast("Dataset", data), ids, id_column, embedding_column, scores)
    source = _source(data, embedding_column)
    if ids is None:
        if isinstance(source, ArraySource):
            return source, Ids.numbered(source.count)
        return source, Ids.from_values(source.column(id_column), f"the column {id_column!r}")
    row_ids = Ids.from_values(ids)
    if len(row_ids) != source.count:
        raise InvalidInputError(f"got {len(row_ids)} ids for {source.count} rows of data")
    return source, row_ids


def _open_dataset(
    data: "Dataset", ids: IdsLike | None, id_column: str, embedding_column: str | None, scores: ScoresLike | None
) -> tuple[Source, Ids]:
    from lightly_ray.parallel.selection.dataset_source import DatasetSource  # noqa: PLC0415  # loads Ray Data

    if ids is not None:
        raise InvalidInputError("the rows of a Dataset have no order: name the column of its ids by id_column")
    if not isinstance(scores, str | Mapping | None):
        raise InvalidInputError("the rows of a Dataset have no order: give scores as {id: score} or name their column")
    source = DatasetSource(data, id_column, embedding_column, (scores,) if isinstance(scores, str) else ())
    return source, source.ids


def _source(data: object, embedding_column: str | None) -> Source:
    if isinstance(data, str | os.PathLike):
        return _file(Location.parse(data), embedding_column)
    if isinstance(data, list | tuple) and data and all(isinstance(path, str | os.PathLike) for path in data):
        return ParquetSource([Location.parse(path) for path in data], embedding_column)
    if hasattr(data, "__array__"):
        return ArraySource(np.asarray(data))
    raise InvalidInputError(
        f"data must be an (N, D) float array, a ray.data.Dataset, or paths of Parquet or .npy files, "
        f"got {type(data).__name__}"
    )


def _file(place: Location, embedding_column: str | None) -> Source:
    return NpySource(place) if place.path.endswith(".npy") else ParquetSource([place], embedding_column)


def _is_dataset(data: object) -> bool:
    # A caller with a Dataset has loaded Ray Data; no other should have to.
    loaded = sys.modules.get("ray.data")
    return loaded is not None and isinstance(data, loaded.Dataset)


def _random(problem: Problem) -> Picks:
    texts = problem.ids.texts(problem.candidates)
    keys = np.concatenate([np.zeros(0, dtype=np.uint64), *(random_keys(some, problem.settings.seed) for some in texts)])
    positions = smallest(keys, problem.picks)
    # 53 bits fit a float64 exactly.
    return Picks(problem.candidates[positions], (keys[positions] >> np.uint64(11)) / 2.0**53)


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
    certificate = None if outcome is None else outcome.certificate
    return Selection(
        ids=ids,
        added_ids=ids[len(problem.preselected) :],
        rows=rows,
        gains=picks.gains,
        radius=None if certificate is None else certificate.radius,
        lower_bound=None if certificate is None else certificate.lower_bound,
        factor=None if certificate is None else certificate.factor,
        stop_reason=None if outcome is None else outcome.stop_reason,
        stats=stats or SelectionStats(),
        id_column=id_column,
    )

"""`lightly_ray.select`: which samples to label, of an array, a Dataset or files.

data -> source and ids -> plan (rows, scores, number of picks) -> picks -> Selection. Random draws and
orders by score need no embeddings and are done here. Distances are the engine's: small inputs in this
process without Ray, larger ones on shard actors that each read their own part. Either way the picks are the same.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, assert_never, cast

import numpy as np
from numpy.typing import NDArray

from lightly_ray._types import PathLike
from lightly_ray.data.ids import Ids
from lightly_ray.data.location import Location
from lightly_ray.data.parquet import ParquetSource
from lightly_ray.data.sources import ArraySource, NpySource, Source
from lightly_ray.errors import InvalidInputError
from lightly_ray.methods import needs_embeddings
from lightly_ray.parallel.selection.engine import Run, farthest
from lightly_ray.parallel.selection.problem import Job, Resources
from lightly_ray.parallel.selection.result import Selection, SelectionStats
from lightly_ray.selection.greedy import Picks
from lightly_ray.selection.order import by_score
from lightly_ray.selection.random_draw import random_keys, smallest
from lightly_ray.selection.request import Plan, plan, settings_of

if TYPE_CHECKING:
    from ray.data import Dataset

__all__ = ["Selection", "select"]


def select(  # noqa: PLR0913  # the one door: every setting of a selection is an argument of it
    data: "NDArray[np.floating[Any]] | Dataset | PathLike | Sequence[PathLike]",
    n_samples: float,
    method: str = "coreset",
    *,
    ids: object = None,
    id_column: str = "filename",
    embedding_column: str = "embedding",
    preselected: object = None,
    query: object = None,
    scores: NDArray[Any] | Mapping[str, float] | str | None = None,
    min_distance: float | None = None,
    normalize: bool = False,
    seed: int = 0,
    certify: int = 1,
    partitions: int | None = None,
    memory_limit: float | None = None,
    timeout: float | None = None,
    checkpoint: PathLike | None = None,
    progress: bool = True,
) -> Selection:
    """Select samples.

    The result is exactly that of the sequential algorithm, whatever the number of partitions, workers and
    blocks. Row i is the i-th of an array, or of Parquet files sorted by path; of a Dataset, the i-th id in order.
    Equal candidates: the lowest row wins.

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

    Returns:
        The selection, preselected samples first, then the picks in the order in which they were made.

    Raises:
        InvalidInputError: data or settings cannot be used; the message names the sample.
        NotFoundError: a file does not exist.
        ConflictError: the checkpoint belongs to other data or settings; the message names the difference.
        WorkerLostError: workers hang, or are lost again and again.
    """
    settings = settings_of(
        n_samples, method, min_distance=min_distance, normalize=normalize, seed=seed, certify=certify
    )
    resources = Resources(
        partitions, memory_limit, timeout, None if checkpoint is None else Location.parse(checkpoint), progress
    )
    column = embedding_column if needs_embeddings(settings.method) else None
    source, known = _open(data, ids, id_column, column, scores)
    found = plan(settings, known, source, query=query, preselected=preselected, scores=scores)
    match settings.method:
        case "random":
            return _result(found, known, id_column, _random(known, found, settings.seed))
        case "active_learning":
            return _result(found, known, id_column, _highest(found))
        case "coreset" | "coral":
            run = farthest(Job(source, known, found, settings, resources))
            return _result(found, known, id_column, run.outcome.picks, run)
        case unknown:  # A method without a branch here fails type checking.
            assert_never(unknown)


def _open(
    data: object, ids: object, id_column: str, embedding_column: str | None, scores: object
) -> tuple[Source, Ids]:
    if _is_dataset(data):
        return _open_dataset(cast("Dataset", data), ids, id_column, embedding_column, scores)
    source = _source(data, embedding_column)
    if ids is None:
        if isinstance(source, ArraySource):
            return source, Ids.numbered(source.count)
        return source, Ids.from_values(source.column(id_column), f"the column {id_column!r}")
    known = Ids.from_values(ids)
    if len(known) != source.count:
        raise InvalidInputError(f"got {len(known)} ids for {source.count} rows of data")
    return source, known


def _open_dataset(
    data: "Dataset", ids: object, id_column: str, embedding_column: str | None, scores: object
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
    # Whoever has a Dataset has loaded Ray Data; nobody else should have to.
    loaded = sys.modules.get("ray.data")
    return loaded is not None and isinstance(data, loaded.Dataset)


def _random(ids: Ids, plan: Plan, seed: int) -> Picks:
    keys = np.concatenate(
        [np.zeros(0, dtype=np.uint64), *(random_keys(part, seed) for part in ids.texts(plan.candidates))]
    )
    places = smallest(keys, plan.picks)
    # 53 bits fit a float64 exactly.
    return Picks(plan.candidates[places], (keys[places] >> np.uint64(11)) / 2.0**53)


def _highest(plan: Plan) -> Picks:
    scores = np.zeros(0) if plan.scores is None else plan.scores
    places = by_score(scores, plan.picks)
    return Picks(plan.candidates[places], scores[places])


def _result(plan: Plan, ids: Ids, id_column: str, picks: Picks, run: Run | None = None) -> Selection:
    rows = np.concatenate([plan.preselected, picks.rows])
    names = ids.at(rows)
    certificate = None if run is None else run.outcome.certificate
    return Selection(
        ids=names,
        added_ids=names[len(plan.preselected) :],
        rows=rows,
        gains=picks.gains,
        radius=None if certificate is None else certificate.radius,
        lower_bound=None if certificate is None else certificate.lower_bound,
        factor=None if certificate is None else certificate.factor,
        stop_reason=None if run is None else run.outcome.stop_reason,
        stats=SelectionStats() if run is None else run.stats(plan),
        id_column=id_column,
    )

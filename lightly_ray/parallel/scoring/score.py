"""Predictions to scores on Ray Data: streaming, any size, in any order of rows.

Every block is scored where it is read, and leaves as names and one number per score: memory is bounded
by the blocks in flight, whatever the number of rows. ``object_frequency`` of detection depends on all
images, so there a first pass leaves counts in the object store (some 50 bytes per image, spilled to disk
where they do not fit), the driver merges one extent per block, and a second pass scales them.
"""

import os
from collections.abc import Mapping
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, get_args

import pyarrow as pa
import ray.data
from numpy.typing import NDArray

from lightly_ray._types import PathLike
from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel.cluster import connect
from lightly_ray.parallel.errors import plain_errors
from lightly_ray.parallel.quiet import quiet_data
from lightly_ray.parallel.remote_args import checked_args, map_batches
from lightly_ray.parallel.scoring.execute import OnError, Scoring, score_dataset, score_read_tasks
from lightly_ray.parallel.waiting import with_room
from lightly_ray.scores.detection import Extent, FrequencyConfig, merge
from lightly_ray.scores.prediction_columns import Columns
from lightly_ray.scores.read_tasks import cut_predictions, cut_table
from lightly_ray.scores.tables import extent_of, finish_table
from lightly_ray.scores.tables_in_memory import table_of
from lightly_ray.scores.tasks import Task

if TYPE_CHECKING:
    from pandas import DataFrame


def score(  # noqa: PLR0913 - a public door: each is one choice, most are left at their default
    predictions: "ray.data.Dataset | PathLike | pa.Table | DataFrame | NDArray[Any]",
    *,
    task: Task,
    id_column: str = "filename",
    prediction_column: str | None = None,
    images: PathLike | None = None,
    config: Mapping[str, float] | None = None,
    on_error: OnError = "raise",
    ray_remote_args: Mapping[str, Any] | None = None,
) -> "ray.data.Dataset":
    """Score predictions, row by row, wherever they are.

    Args:
        predictions: a dataset, Arrow table or DataFrame with the columns of ``lightly_ray.data.predictions``; a
            DataFrame with a column per class and the names as its index; an (N, C) array of class probabilities; or
            a path: Parquet, ``.npy``, COCO results, a folder of YOLO files or of segmentation maps.
        task: classification, detection, segmentation or keypoints.
        id_column: the column of names.
        prediction_column: the column of predictions where it has another name than in the schema
            (``probabilities``, in detection ``class_probabilities``, in keypoints ``keypoints``).
        images: what names the images where a file does not: a COCO annotation file, a folder of
            images, or a text file of names.
        config: for detection, as in ``ScorerObjectDetection``.
        on_error: what a prediction that cannot be used does. ``raise`` ends the whole, naming the
            sample; ``skip`` gives it null scores and the reason in a further column ``error``, which is
            null for the others.
        ray_remote_args: where the tasks that score run, and what they hold meanwhile: ``resources``,
            ``label_selector``, ``placement_group``, ``scheduling_strategy``, ``runtime_env``, ``num_cpus`` (1) and
            others of Ray's options.

    Returns:
        A dataset of the names and one column per score, in no particular order; nothing is computed
        before it is used, except for detection.

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: an argument cannot be used. Bad predictions are found when the dataset is
            used; Ray wraps that error into its own.

    Example:
        >>> import numpy as np
        >>> import pyarrow as pa
        >>> import ray.data
        >>> import lightly_ray
        >>> names, rows = ["a.jpg", "b.jpg"], pa.array([[0.75, 0.25], [0.5, 0.5]])
        >>> predictions = ray.data.from_arrow(pa.table({"filename": names, "probabilities": rows}))
        >>> scores = lightly_ray.score(predictions, task="classification")
        >>> {row["filename"]: row["uncertainty_margin"] for row in scores.take_all()} == {"a.jpg": 0.5, "b.jpg": 1.0}
        True
    """
    _require_one_of("task", task, get_args(Task))
    _require_one_of("on_error", on_error, get_args(OnError))
    counting = FrequencyConfig.from_mapping(config)
    connect()
    args = checked_args(ray_remote_args)
    scoring = Scoring(Columns(task, id_column, prediction_column), counting, on_error)
    named_by = None if images is None else Location.parse(images)
    if isinstance(predictions, ray.data.Dataset):
        scored = score_dataset(predictions, scoring, args)
    elif isinstance(predictions, str | os.PathLike):
        read_tasks = cut_predictions(Location.parse(predictions), scoring.columns, named_by)
        scored = score_read_tasks(read_tasks, scoring, args)
    else:
        scored = score_read_tasks(cut_table(table_of(predictions, scoring.columns, named_by)), scoring, args)
    return _finish(scored, counting, args) if task == "detection" else scored


def _finish(scored: ray.data.Dataset, config: FrequencyConfig, args: Mapping[str, Any]) -> ray.data.Dataset:
    def count() -> tuple[ray.data.Dataset, list[dict[str, Any]]]:
        counted = scored.materialize()
        extents = map_batches(counted, _summarize_block, batch_format="pyarrow", batch_size=None, **args)
        return counted, extents.take_all()

    with plain_errors(), quiet_data(scored):
        counted, parts = with_room(count, "score", args)
    extent = reduce(merge, (Extent(part["low"], part["high"]) for part in parts), Extent())
    finish = partial(finish_table, extent=extent, config=config)
    return map_batches(counted, finish, batch_format="pyarrow", batch_size=None, **args)


def _summarize_block(table: pa.Table) -> pa.Table:
    extent = extent_of(table)
    return pa.table({"low": [extent.low], "high": [extent.high]})


def _require_one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InvalidInputError(f"{what} must be one of {', '.join(known)}, got {value!r}")

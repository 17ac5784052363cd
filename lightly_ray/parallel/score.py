"""Predictions to scores on Ray Data: streaming, any size, in any order of rows.

Every block is scored where it is read, and leaves as names and one number per score: memory is bounded
by the blocks in flight, whatever the number of rows. ``object_frequency`` of detection depends on all
images, so there a first pass leaves counts in the object store (some 50 bytes per image, spilled to disk
where they do not fit), the driver merges one extent per block, and a second pass scales them.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial, reduce
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
import ray.data
from numpy.typing import NDArray
from ray.exceptions import RayTaskError

from lightly_ray import errors
from lightly_ray.data.paths import AnyPath
from lightly_ray.data.predictions.checks import Fault, require_no_fault
from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel.cluster import connect
from lightly_ray.parallel.score_columns import Columns
from lightly_ray.parallel.score_sources import read_predictions
from lightly_ray.scores.detection import FREQUENCY, Extent, FrequencyConfig, merge
from lightly_ray.scores.tasks import SCORE_NAMES, Evaluation, Task, evaluate, finish_scores, summarize_scores

OnError = Literal["raise", "skip"]
ERROR = "error"


def score(  # noqa: PLR0913 - a public door: each is one choice, most are left at their default
    predictions: "ray.data.Dataset | AnyPath",
    *,
    task: Task,
    id_column: str = "filename",
    prediction_column: str | None = None,
    images: AnyPath | None = None,
    config: Mapping[str, float] | None = None,
    on_error: OnError = "raise",
) -> "ray.data.Dataset":
    """Score predictions, row by row, wherever they are.

    Args:
        predictions: a dataset with the columns of ``lightly_ray.data.predictions``, or a path:
            Parquet, ``.npy``, COCO results, a folder of YOLO files or of segmentation maps.
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

    Returns:
        A dataset of the names and one column per score, in no particular order; nothing is computed
        before it is used, except for detection.

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: an argument cannot be used. Bad predictions are found when the dataset is
            used; Ray wraps that error into its own.
    """
    _require_one_of("task", task, get_args(Task))
    _require_one_of("on_error", on_error, get_args(OnError))
    counting = FrequencyConfig.of(config)
    connect()
    columns = Columns(task, id_column, prediction_column)
    source = (
        predictions if isinstance(predictions, ray.data.Dataset) else read_predictions(predictions, columns, images)
    )
    scored = source.map_batches(
        partial(_score_block, columns=columns, config=counting, on_error=on_error),
        batch_format="pyarrow",
        batch_size=None,  # whole blocks, as they lie in shared memory
    )
    return _finish(scored, counting) if task == "detection" else scored


@contextmanager
def plain_errors() -> Iterator[None]:
    """Raise a deliberate error of a Ray task as what it was, in place of Ray's account of the failed task."""
    try:
        yield
    except RayTaskError as error:
        # Ray keeps the text of the cause, and its class only by name.
        found = re.findall(r"^lightly_ray\.errors\.(\w+): (.*)$", str(error), re.MULTILINE)
        if not found:
            raise
        name, message = found[-1]
        raise getattr(errors, name)(message) from error


def _score_block(table: pa.Table, columns: Columns, config: FrequencyConfig, on_error: OnError) -> pa.Table:
    chosen = columns.to_schema(table)
    parts = []
    for batch in chosen.to_batches() or [pa.RecordBatch.from_pylist([], schema=chosen.schema)]:
        names = batch.column(columns.id_column)
        found = evaluate(columns.task, batch, config)
        if on_error == "raise":
            require_no_fault(found.faults, names)
        result = {columns.id_column: names, **{name: _nullable(found, name) for name in SCORE_NAMES[columns.task]}}
        if on_error == "skip":
            result[ERROR] = pa.array([str(Fault(code)) if code else None for code in found.faults], pa.string())
        parts.append(pa.table(result))
    return pa.concat_tables(parts)


def _nullable(found: Evaluation, name: str) -> pa.Array:
    return pa.array(found.scores[name], mask=found.faults != 0)


def _finish(counted: ray.data.Dataset, config: FrequencyConfig) -> ray.data.Dataset:
    with plain_errors():
        counted = counted.materialize()
        parts = counted.map_batches(_summarize_block, batch_format="pyarrow", batch_size=None).take_all()
    extent = reduce(merge, (Extent(part["low"], part["high"]) for part in parts), Extent())
    return counted.map_batches(
        partial(_finish_block, extent=extent, config=config), batch_format="pyarrow", batch_size=None
    )


def _summarize_block(table: pa.Table) -> pa.Table:
    extent = summarize_scores({FREQUENCY: _counts(table)})
    return pa.table({"low": [extent.low], "high": [extent.high]})


def _finish_block(table: pa.Table, extent: Extent, config: FrequencyConfig) -> pa.Table:
    counts = _counts(table)
    scores = finish_scores({FREQUENCY: counts}, extent, config)[FREQUENCY]
    place = table.column_names.index(FREQUENCY)
    return table.set_column(place, FREQUENCY, pa.array(scores, mask=np.isnan(counts)))


def _counts(table: pa.Table) -> NDArray[Any]:
    return np.array(table.column(FREQUENCY).to_numpy())  # a null is NaN; a copy, since Ray's blocks are read-only


def _require_one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InvalidInputError(f"{what} must be one of {', '.join(known)}, got {value!r}")

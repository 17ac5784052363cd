"""Predictions wherever they are, as one table of the task's schema: for whoever needs all of them at once."""

import os
from typing import Any, get_args

import numpy as np
import pyarrow as pa

from lightly_ray._types import PathLike
from lightly_ray.data.frames import is_frame
from lightly_ray.data.location import Location
from lightly_ray.data.predictions import coco, detection, segmentation
from lightly_ray.data.predictions.checks import PredictionFault
from lightly_ray.data.predictions.columns import column, tensors
from lightly_ray.data.predictions.table import NAMES
from lightly_ray.errors import InvalidInputError
from lightly_ray.scores.prediction_columns import Columns
from lightly_ray.scores.read_tasks import cut_predictions
from lightly_ray.scores.tables_in_memory import table_of
from lightly_ray.scores.tasks import Task


def read_whole(task: Task, predictions: Any, images: PathLike | None = None) -> tuple[pa.Table, tuple[str, ...]]:
    """Read predictions.

    Args:
        task: whose schema they have.
        predictions: whatever `lightly_ray.score` takes, with the names in `filename`.
        images: what names the images where a file does not, see `lightly_ray.score`; a COCO annotation file also says
            how large they are, without which the boxes of a results file are of no use.

    Returns:
        The columns of the schema, boxes among them, lists instead of tensors. And the names of the classes in the order
        of their numbers, where the predictions bring them: columns of a frame, categories of a COCO annotation file (of
        a number between these that has none, the number).

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: it cannot be read, or is nothing of that kind.
    """
    if task not in get_args(Task):
        raise InvalidInputError(f"task must be one of {', '.join(get_args(Task))}, got {task!r}")
    columns = Columns(task, NAMES, also=(detection.BOXES,) if task == "detection" else ())
    named_by = None if images is None else Location.parse(images)
    if isinstance(predictions, str | os.PathLike):
        read_tasks = cut_predictions(Location.parse(predictions), columns, named_by)
        tables = [table for one in read_tasks.tasks for table in read_tasks.read(one)]
    elif hasattr(predictions, "iter_batches") and hasattr(predictions, "schema"):
        # Recognised by its methods: only a caller with a Ray dataset has to have Ray loaded.
        tables = list(predictions.iter_batches(batch_format="pyarrow", batch_size=None))
    else:
        tables = [table_of(predictions, columns, named_by)]
    if not tables:
        raise InvalidInputError("the predictions have no rows")
    whole = pa.concat_tables([_plain(columns.to_schema(table)) for table in tables], promote_options="permissive")
    return whole, _classes(task, predictions, named_by)


def _classes(task: Task, predictions: Any, images: Location | None) -> tuple[str, ...]:
    if is_frame(predictions) and task == "classification":
        names = [str(name) for name in predictions.columns if name != NAMES]
        return () if len(names) < 2 or "probabilities" in names else tuple(names)
    if task == "detection" and images is not None and images.path.lower().endswith(".json"):
        found = coco.read_categories(images)
        return tuple(found.get(number, str(number)) for number in range(max(found, default=-1) + 1))
    return ()


def _plain(table: pa.Table) -> pa.Table:
    """The table with lists instead of tensors and of files, and beside those of three dimensions their shapes."""
    if segmentation.PATH in table.column_names and "probabilities" not in table.column_names:
        return _maps(table)
    batches = []
    for batch in table.to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)]:
        plain = {name: batch.column(name) for name in batch.schema.names}
        for name, array in list(plain.items()):
            if isinstance(array.type, pa.BaseExtensionType):
                plain |= _lists(batch, name)
        batches.append(pa.table(plain))
    return pa.concat_tables(batches, promote_options="permissive")


def _maps(table: pa.Table) -> pa.Table:
    values, shapes, names = [], [], table[NAMES].to_pylist()
    found = (one for batch in table.to_batches() for one in segmentation.maps(batch))
    for name, one in zip(names, found, strict=True):
        if isinstance(one, PredictionFault):
            raise InvalidInputError(f"the predictions of {name!r} cannot be used: it has {one}")
        values.append(one.reshape(-1))
        shapes.append(one.shape)
    lists = pa.list_(pa.int32())
    return pa.table({NAMES: table[NAMES], "probabilities": values, "shape": pa.array(shapes, lists)})


def _lists(batch: pa.RecordBatch, name: str) -> dict[str, pa.Array]:
    values, shapes = tensors(batch.column(name))
    if shapes.shape[1] != 3:
        return {name: column(batch, name)}
    return {name: values, "shape": pa.array(list(shapes.astype(np.int32)), pa.list_(pa.int32()))}

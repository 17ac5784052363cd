"""Paths of predictions, cut into read tasks: pieces that workers read apart from each other.

    Parquet                    some row groups, see ``data.predictions.row_groups``
    .npy                       some rows of the array
    folders of maps, of YOLO   some files
    COCO results               some images; the file itself is one JSON text that is parsed before

The cut depends on the input alone, never on the cluster, so the tasks of an earlier run are those of the next.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray.data.listing import list_files
from lightly_ray.data.location import Location
from lightly_ray.data.predictions import row_groups, yolo
from lightly_ray.data.predictions.files import find_format, map_predictions, read_table, row_names
from lightly_ray.data.predictions.image_matching import named_files
from lightly_ray.data.vectors import fixed_lists
from lightly_ray.scores.prediction_columns import Columns

_SAMPLES = 4096  # of a result file that one task scores
_TEXTS = 256  # of a folder that one task reads and scores
_MAPS = 16  # likewise, one after the other
_BYTES = 32 << 20  # of an array that one task reads

Read = Callable[[pa.Table], Iterable[pa.Table]]  # the row or rows that describe a task -> tables of predictions


@dataclass(frozen=True, slots=True, eq=False)
class ReadTasks:
    """Predictions of N samples, not read yet.

    Attributes:
        tasks: P >= 1 tables, each describing one task.
        bounds: (P + 1,) the number of the first sample of each task, and N.
        read: reads the predictions of a task, some rows at a time.
    """

    tasks: list[pa.Table]
    bounds: NDArray[np.int64]
    read: Read

    @property
    def rows(self) -> int:
        """N."""
        return int(self.bounds[-1])


def cut_predictions(place: Location, columns: Columns, images: Location | None) -> ReadTasks:
    """Cut the predictions at a path into read tasks.

    Args:
        place: see ``lightly_ray.data.predictions.files``.
        columns: which columns of a Parquet file are read.
        images: what names the images where the files do not.

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: it cannot be read, or lacks a column.
    """
    form = find_format(place, columns.task)
    if form == "parquet":
        return _cut_parquet(place, columns)
    if form == "npy":
        return _cut_npy(place, columns.id_column, images)
    if form == "yolo":
        files = named_files(place, ".txt", images)
        table = pa.table({"filename": [name for name, _ in files], "path": [path for _, path in files]})
        return _cut_table(table, _TEXTS, partial(_read_yolo, id_column=columns.id_column))
    table = read_table(place, form, images)
    table = table.rename_columns([columns.id_column, *table.column_names[1:]])
    return _cut_table(table, _MAPS if form == "maps" else _SAMPLES, _as_it_is)


def cut_table(table: pa.Table) -> ReadTasks:
    """Cut a table in memory into read tasks."""
    return _cut_table(table, _SAMPLES, _as_it_is)


def _cut_parquet(place: Location, columns: Columns) -> ReadTasks:
    tasks = row_groups.cut(place, list_files(place, ".parquet"), columns.known)
    rows = [sum(task["rows"].to_pylist()) for task in tasks]
    return ReadTasks(tasks, _bounds(rows), partial(row_groups.read, place=place, choose=columns.known))


def _cut_npy(place: Location, id_column: str, images: Location | None) -> ReadTasks:
    array = map_predictions(place)
    names = row_names(len(array), images)
    step = max(1, _BYTES // (array.shape[1] * array.itemsize))
    starts = range(0, max(1, len(array)), step)
    tasks = [pa.table({"start": [start], "names": [names[start : start + step]]}) for start in starts]
    bounds = np.array([*starts, len(array)], dtype=np.int64)
    return ReadTasks(tasks, bounds, partial(_read_npy, place=place, id_column=id_column))


def _read_npy(task: pa.Table, place: Location, id_column: str) -> Iterable[pa.Table]:
    (one,) = task.to_pylist()
    rows = map_predictions(place)[one["start"] : one["start"] + len(one["names"])]
    yield pa.table({id_column: pa.array(one["names"], pa.string()), "probabilities": fixed_lists(rows)})


def _cut_table(table: pa.Table, step: int, read: Read) -> ReadTasks:
    tasks = [table.slice(start, step) for start in range(0, max(1, len(table)), step)]
    return ReadTasks(tasks, _bounds([len(task) for task in tasks]), read)


def _read_yolo(task: pa.Table, id_column: str) -> Iterable[pa.Table]:
    table = yolo.read_files(task["filename"], task["path"].to_pylist())
    yield table.rename_columns([id_column, *table.column_names[1:]])


def _as_it_is(task: pa.Table) -> Iterable[pa.Table]:
    yield task


def _bounds(rows: list[int]) -> NDArray[Any]:
    return np.concatenate([[0], np.cumsum(rows, dtype=np.int64)]).astype(np.int64)

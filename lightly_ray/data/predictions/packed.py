"""Predictions as one Parquet file that says its task and classes: as client and platform send and keep them."""

from typing import BinaryIO

from lightly_ray.data.labels.task_parquet import TaskParquet
from lightly_ray.data.predictions.table import NAMES, Predictions

_FILE = TaskParquet(key=b"lightly_ray.predictions", group=1 << 14, kind="predictions", plural=True)


def write_packed(predictions: Predictions, file: BinaryIO) -> None:
    """Write predictions."""
    _FILE.write(predictions.table, predictions.task, predictions.classes, file)


def read_packed(file: BinaryIO, what: str, at_most: int | None = None, only: str | None = None) -> Predictions:
    """Read such a file, ``only`` one sample of it where one is named; what `table.checked` promises is not looked at.

    Further arguments and errors are those of `TaskParquet.read`.
    """
    task, classes, table = _FILE.read(file, what, at_most, None if only is None else (NAMES, only))
    return Predictions(task, classes, table.replace_schema_metadata(None))

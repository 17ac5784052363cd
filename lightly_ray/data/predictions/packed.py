"""Predictions as one Parquet file that says its task and classes: as client and platform send and keep them."""

import json
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from lightly_ray.data.labels.table import TASKS, Task
from lightly_ray.data.predictions.table import NAMES, Predictions
from lightly_ray.errors import InvalidInputError, TooLargeError, UnreadableError

_SAYS = b"lightly_ray.predictions"  # key of the metadata: {"task", "classes"}
_GROUP = 16_384  # rows: one sample is found without reading all


def write_packed(predictions: Predictions, file: BinaryIO) -> None:
    """Write predictions."""
    says = json.dumps({"task": predictions.task, "classes": predictions.classes}).encode()
    table = predictions.table.replace_schema_metadata({_SAYS: says})
    pq.write_table(table, file, compression="zstd", row_group_size=_GROUP)


def read_packed(file: BinaryIO, what: str, at_most: int | None = None, only: str | None = None) -> Predictions:
    """Read such a file; what `table.checked` promises is looked at no further.

    Args:
        file: to read, with seek.
        what: the file, as errors name it.
        at_most: how many values it may unpack to, numbers in lists counted one by one; None: any number.
        only: the one sample to read, where not all are needed.

    Raises:
        UnreadableError: it is no Parquet file, or a broken one.
        InvalidInputError: it holds something else.
        TooLargeError: it unpacks to more.
    """
    try:
        parquet = pq.ParquetFile(file)
        task, classes = _says(parquet.schema_arrow, what)
        if at_most is not None and (values := _values(parquet.metadata)) > at_most:
            raise TooLargeError(f"{what} unpack to {values:,} values, at most {at_most:,} are taken")
        table = parquet.read() if only is None else pq.read_table(file, filters=[(NAMES, "=", only)])
    except (pa.ArrowException, OSError) as error:
        raise UnreadableError(f"{what} are no Parquet file that can be read: {error}") from error
    return Predictions(task, classes, table.replace_schema_metadata(None))


def _says(schema: pa.Schema, what: str) -> tuple[Task, tuple[str, ...]]:
    try:
        says = json.loads((schema.metadata or {})[_SAYS])
        task, classes = says["task"], says["classes"]
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInputError(f"{what} do not say task and classes: they were not written as predictions") from error
    if task not in TASKS:
        raise InvalidInputError(f"{what} are of the task {task!r}, known are {', '.join(TASKS)}")
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise InvalidInputError(f"the classes of {what} are no list of names")
    return task, tuple(classes)


def _values(metadata: pq.FileMetaData) -> int:
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    return sum(group.column(place).num_values for group in groups for place in range(group.num_columns))

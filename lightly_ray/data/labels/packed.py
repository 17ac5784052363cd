"""Labels as one Parquet file that says its task and classes: as client and platform send and keep them."""

import json
from collections.abc import Mapping
from typing import BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from lightly_ray.data.labels.table import SCHEMA, TASKS, Labels, Task
from lightly_ray.errors import InvalidInputError, TooLargeError, UnreadableError

_SAYS = b"lightly_ray.labels"  # key of the metadata: {"task", "classes"}

_GROUP = 1 << 16  # rows of one part: who wants one row reads no more


class Packed(NamedTuple):
    """What such a file holds, not looked at further.

    Attributes:
        task, classes: as of `Labels`.
        table: `SCHEMA`, and the columns that were added.
    """

    task: Task
    classes: tuple[str, ...]
    table: pa.Table


def write_packed(labels: Labels, file: BinaryIO, more: Mapping[str, pa.Array] | None = None) -> None:
    """Write labels; ``more`` are columns beside them, a value per row."""
    table = labels.table
    for name, column in (more or {}).items():
        table = table.append_column(name, column)
    says = json.dumps({"task": labels.task, "classes": labels.classes}).encode()
    pq.write_table(table.replace_schema_metadata({_SAYS: says}), file, compression="zstd", row_group_size=_GROUP)


def read_packed(
    file: BinaryIO, what: str, at_most: int | None = None, *, only: tuple[str, int] | None = None
) -> Packed:
    """Read such a file.

    Args:
        file: to read, with seek.
        what: the file, as errors name it.
        at_most: how many values it may unpack to, parts of annotations counted one by one; None: any number.
        only: the name of a column and a value: of the rows, those that have it there. A file that is sorted by that
            column is not read whole.

    Raises:
        UnreadableError: it is no Parquet file, or a broken one.
        InvalidInputError: it holds something else.
        TooLargeError: it unpacks to more.
    """
    try:
        parquet = pq.ParquetFile(file)
        task, classes = _says(parquet.schema_arrow, what)
        values = _values(parquet.metadata)
        if at_most is not None and values > at_most:
            raise TooLargeError(f"{what} unpacks to {values:,} values, at most {at_most:,} are taken")
        table = parquet.read() if only is None else pq.read_table(file, filters=[(only[0], "=", only[1])])
    except (pa.ArrowException, OSError) as error:
        raise UnreadableError(f"{what} is no Parquet file that can be read: {error}") from error
    different = [field.name for field in SCHEMA if not _has(table.schema, field)]
    if different:
        raise InvalidInputError(f"{what} has no column {different[0]!r} of the type {SCHEMA.field(different[0]).type}")
    return Packed(task, classes, table)


def _has(schema: pa.Schema, field: pa.Field) -> bool:
    return field.name in schema.names and bool(schema.field(field.name).type.equals(field.type))


def _says(schema: pa.Schema, what: str) -> tuple[Task, tuple[str, ...]]:
    try:
        says = json.loads((schema.metadata or {})[_SAYS])
        task, classes = says["task"], says["classes"]
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInputError(f"{what} does not say task and classes: it was not written as labels") from error
    if task not in TASKS:
        raise InvalidInputError(f"{what} is of the task {task!r}, known are {', '.join(TASKS)}")
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise InvalidInputError(f"the classes of {what} are no list of names")
    return task, tuple(classes)


def _values(metadata: pq.FileMetaData) -> int:
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    return sum(group.column(place).num_values for group in groups for place in range(group.num_columns))

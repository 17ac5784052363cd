"""Labels as one Parquet file that says its task and classes: as client and platform send and keep them."""

from collections.abc import Mapping
from typing import BinaryIO, NamedTuple

import pyarrow as pa

from lightly_ray.data.labels.table import SCHEMA, Labels, Task
from lightly_ray.data.labels.task_parquet import TaskParquet
from lightly_ray.errors import InvalidInputError

KEY = b"lightly_ray.labels"  # of the metadata that says it
_FILE = TaskParquet(key=KEY, group=1 << 16, kind="labels", plural=False)


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
    _FILE.write(table, labels.task, labels.classes, file)


def read_packed(
    file: BinaryIO, what: str, at_most: int | None = None, *, only: tuple[str, int] | None = None
) -> Packed:
    """Read such a file; arguments and errors are those of `TaskParquet.read`.

    Raises:
        InvalidInputError: it lacks a column, too.
    """
    task, classes, table = _FILE.read(file, what, at_most, only)
    different = [field.name for field in SCHEMA if not _has(table.schema, field)]
    if different:
        raise InvalidInputError(f"{what} has no column {different[0]!r} of the type {SCHEMA.field(different[0]).type}")
    return Packed(task, classes, table)


def _has(schema: pa.Schema, field: pa.Field) -> bool:
    return field.name in schema.names and bool(schema.field(field.name).type.equals(field.type))

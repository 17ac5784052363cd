"""Parquet files that say in their metadata of which task and classes they are: of labels, and of predictions."""

import json
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from lightly_ray.data.hostile_parquet import BROKEN, require_plain_types, require_small_texts, require_values
from lightly_ray.data.labels.table import TASKS, Task
from lightly_ray.errors import InvalidInputError, UnreadableError


@dataclass(frozen=True, slots=True)
class TaskParquet:
    """One kind of such files.

    Attributes:
        key: of the metadata that holds ``{"task", "classes"}``.
        group: rows of one part: who wants one row reads no more.
        kind: what they are written as, in errors.
        plural: whether errors speak of a file of this kind in the plural.
    """

    key: bytes
    group: int
    kind: str
    plural: bool

    def write(self, table: pa.Table, task: Task, classes: tuple[str, ...], file: BinaryIO) -> None:
        """Write a table."""
        says = json.dumps({"task": task, "classes": classes}).encode()
        pq.write_table(
            table.replace_schema_metadata({self.key: says}), file, compression="zstd", row_group_size=self.group
        )

    def read(
        self, file: BinaryIO, what: str, at_most: int | None, only: tuple[str, Any] | None
    ) -> tuple[Task, tuple[str, ...], pa.Table]:
        """Read task, classes and table.

        Args:
            file: to read, with seek.
            what: the file, as errors name it.
            at_most: how many values it may unpack to, those in lists counted one by one; None: any number.
            only: the name of a column and a value: of the rows, those that have it there. A file that is sorted by that
                column is not read whole.

        Raises:
            UnreadableError: it is no Parquet file, or a broken one.
            InvalidInputError: it does not say task and classes.
            TooLargeError: it unpacks to more.
        """
        try:
            parquet = pq.ParquetFile(file)
            task, classes = self._said(parquet.schema_arrow, what)
            if at_most is not None:  # from strangers
                require_plain_types(parquet.schema_arrow, what)
                require_values(file, what, at_most)
                require_small_texts(parquet, file, what)
            table = parquet.read() if only is None else pq.read_table(file, filters=[(only[0], "=", only[1])])
            table.validate(full=at_most is not None)  # texts may be no UTF-8
        except BROKEN as error:
            raise UnreadableError(f"{what} {self._is} no Parquet file that can be read: {error}") from error
        return task, classes, table

    @property
    def _is(self) -> str:
        return "are" if self.plural else "is"

    def _said(self, schema: pa.Schema, what: str) -> tuple[Task, tuple[str, ...]]:
        try:
            says = json.loads((schema.metadata or {})[self.key])
            task, classes = says["task"], says["classes"]
        except (KeyError, TypeError, ValueError) as error:
            lacks = "do not say task and classes: they were" if self.plural else "does not say task and classes: it was"
            raise InvalidInputError(f"{what} {lacks} not written as {self.kind}") from error
        if task not in TASKS:
            raise InvalidInputError(f"{what} {self._is} of the task {task!r}, known are {', '.join(TASKS)}")
        if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
            raise InvalidInputError(f"the classes of {what} are no list of names")
        return task, tuple(classes)

"""What a job has done so far, kept beside its output, so that an interrupted run goes on where it ended.

OUTPUT.parts/000000000000.parquet    rows 0 to 262,143, say: whole or not there, as every output of a job
OUTPUT.parts/000000262144.parquet    the rows behind them: a part is named by its first row

Rows are added in their order, so the parts that follow each other without a gap are all that is done. Where one part
ends and the next begins depends on time; what ``tables`` reads from them does not. The drafts of parts and of the
output lie in the same folder: what a killed run leaves of them goes when the folder goes.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq

from lightly_ray.data.location import Location
from lightly_ray.data.outputs import ParquetOutput, finished
from lightly_ray.errors import ConflictError

PART_ROWS = 1 << 18
PART_SECONDS = 10.0  # about what an interrupted run loses at most
TABLE_ROWS = 1 << 15  # of each table, and so of each row group of an output, whatever the parts; 16 MB of 128 numbers


class ResumableOutput:
    """The first rows of an output that is not finished yet.

    Args:
        output: of the whole output.
        made_from: of the output; parts made from anything else are refused.

    Attributes:
        rows: how many are there already.
        facts: JSON values that a run found out before its first row, for the runs that go on behind it.

    Raises:
        ConflictError: the parts that are there were made from other inputs or settings; the message names them.
    """

    def __init__(self, output: Location, made_from: Mapping[str, object]) -> None:
        self.rows = 0
        self.facts: dict[str, Any] = {}
        self._output, self._made_from = output, made_from
        self._parts: dict[int, int] = {}  # first row -> rows
        self._waiting: list[pa.Table] = []
        self._written_at = time.monotonic()
        self._schema: pa.Schema | None = None
        while (part := finished_part(output, self.rows, made_from)) is not None:
            self.facts = part["facts"]
            self._note(part["rows"])

    def add(self, table: pa.Table) -> None:
        """Append rows; they are written when there are many, or after some seconds."""
        if self._schema is None and not self.rows:
            self._schema = table.schema.remove_metadata()
        # One file has float32 and the next float64: the first decides, as rows come in order in every run.
        self._waiting.append(table.cast(self.schema))
        late = time.monotonic() - self._written_at >= PART_SECONDS
        if late or sum(len(one) for one in self._waiting) >= PART_ROWS:
            self.write()

    @property
    def schema(self) -> pa.Schema:
        """Of all rows; there must be one."""
        if self._schema is None:
            self._schema = read_part(self._output, 0).schema.remove_metadata()
        return self._schema

    def write(self) -> None:
        """Write what was added and is not written yet."""
        rows = sum(len(one) for one in self._waiting)
        if rows:
            with part_output(self._output, self.rows, self._waiting[0].schema) as part:
                for table in self._waiting:
                    part.write(table)
                part.describe(self._made_from, {"rows": rows, "facts": self.facts})
            self._waiting = []
            self._note(rows)
        self._written_at = time.monotonic()

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """All rows that are written, in their order and in tables of ``TABLE_ROWS``.

        Raises:
            ConflictError: a part is gone, or has other rows than when it was written.
        """
        rest: pa.Table | None = None
        for first, rows in self._parts.items():
            table = read_part(self._output, first, columns)
            if len(table) != rows:
                raise _other_run(self._output)
            table = table if rest is None else pa.concat_tables([rest, table])
            whole = len(table) // TABLE_ROWS * TABLE_ROWS
            for start in range(0, whole, TABLE_ROWS):
                yield table.slice(start, TABLE_ROWS).combine_chunks()
            rest = table.slice(whole)
        if rest is not None and len(rest):
            yield rest.combine_chunks()

    def _note(self, rows: int) -> None:
        self._parts[self.rows] = rows
        self.rows += rows


def part_output(output: Location, start: int, schema: pa.Schema) -> ParquetOutput:
    """The part that begins at row ``start`` of an output, to be written."""
    return ParquetOutput(_part(output, start), schema)


def whole_output(output: Location, schema: pa.Schema) -> ParquetOutput:
    """The output itself, to be written from its parts; its draft lies among them."""
    return ParquetOutput(output, schema, draft=output.beside(".parts/whole"))


def finished_part(output: Location, start: int, made_from: Mapping[str, object]) -> dict[str, Any] | None:
    """The result that the part from row ``start`` on was described with, None where there is no such part.

    Raises:
        ConflictError: it was made from other inputs or settings.
    """
    folder = output.beside(".parts").shown
    remedy = f"an interrupted run left it: give another output, or delete the folder {folder!r} first"
    return finished(_part(output, start), made_from, remedy)


def read_part(output: Location, start: int, columns: Sequence[str] | None = None) -> pa.Table:
    """The part that begins at row ``start``, or some columns of it.

    Raises:
        ConflictError: it is gone.
    """
    place = _part(output, start)
    try:
        return pq.read_table(place.path, filesystem=place.filesystem, columns=columns).replace_schema_metadata()
    except FileNotFoundError as error:
        raise _other_run(output) from error


def remove_parts(output: Location) -> None:
    """Delete all parts of an output; none are fine."""
    output.beside(".parts").remove_folder()


def _other_run(output: Location) -> ConflictError:
    return ConflictError(
        f"another run of this job writes {output.shown!r}, or has just finished it: run again when it has ended"
    )


def _part(output: Location, start: int) -> Location:
    return output.beside(f".parts/{start:012}.parquet")

"""All rows of one database into another, SQLite or PostgreSQL: values as they are stored, tables in their order."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table, Text, delete, func, insert, select

from lightly_ray.platform.storage.schema import Mask, metadata

_BATCH = 2_000


def copy_rows(source: Connection, target: Connection) -> None:
    """Empty the target and copy everything.

    Args:
        source: sees one state, as `Database.read` gives it.
        target: of the same schema, in a transaction.
    """
    tables = [_as_stored(table) for table in metadata.sorted_tables]
    for table in reversed(tables):
        target.execute(delete(table))
    for table in tables:
        for some in _batches(source, table):
            target.execute(insert(table), some)


def count_rows(db: Connection) -> dict[str, int]:
    """How many rows each table has."""
    return {table.name: db.scalar(select(func.count()).select_from(table)) or 0 for table in metadata.sorted_tables}


def _batches(source: Connection, table: Table) -> Iterator[Sequence[dict[str, Any]]]:
    # Ids ascend with time: a row that names another of its table comes after it.
    query = select(table).order_by(*(table.c[column.name] for column in metadata.tables[table.name].primary_key))
    for some in source.execute(query.execution_options(yield_per=_BATCH)).mappings().partitions():
        yield [dict(row) for row in some]


def _as_stored(table: Table) -> Table:
    columns = [Column(one.name, Text() if isinstance(one.type, Mask) else one.type) for one in table.columns]
    return Table(table.name, MetaData(), *columns)

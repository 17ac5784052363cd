"""Parts of one column, from files or blocks of several writers, as one.

What one writer calls string another calls large_string, or a dictionary of strings.
"""

from collections.abc import Iterable

import pyarrow as pa

from lightly_ray.errors import InvalidInputError


def join_columns(parts: Iterable[pa.ChunkedArray], name: str) -> pa.ChunkedArray:
    """Put the parts of a column behind each other.

    Args:
        parts: one or more; an empty one may have any type.
        name: of the column, for the message.

    Raises:
        InvalidInputError: their types have nothing in common.
    """
    tables = [pa.table({name: _decoded(part)}) for part in parts if len(part)]
    if not tables:
        return pa.chunked_array([], pa.null())
    try:
        return pa.concat_tables(tables, promote_options="permissive").column(name)
    except pa.ArrowException as error:
        raise InvalidInputError(f"the column {name!r} has different types in different parts: {error}") from error


def _decoded(part: pa.ChunkedArray) -> pa.ChunkedArray:
    return part.cast(part.type.value_type) if pa.types.is_dictionary(part.type) else part

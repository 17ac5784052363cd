"""Frames of pandas and Polars as Arrow tables; neither library is loaded here, only told from what a caller brings.

The rows of a frame are named by a column, or by an index of strings. An index of anything but names and 0 .. N - 1
says that rows were sorted or taken out, so taking them by position could be wrong without a word.
"""

from typing import Any

import pyarrow as pa

from lightly_ray.errors import InvalidInputError

_VALUES = "value"  # the column of a series without a name


def is_frame(value: object) -> bool:
    """Whether it is a DataFrame or a Series, of pandas or Polars."""
    names = {(one.__module__.partition(".")[0], one.__name__) for one in type(value).__mro__}
    return any((library, name) in names for library in ("pandas", "polars") for name in ("DataFrame", "Series"))


def frame_to_table(frame: Any, id_column: str) -> pa.Table:
    """The columns of a frame; an index of names becomes the column ``id_column``, first.

    Raises:
        InvalidInputError: the index is neither names nor 0 .. N - 1, or a column has no Arrow type.
    """
    if not hasattr(frame, "index"):  # Polars
        table: pa.Table = (frame if hasattr(frame, "columns") else frame.to_frame(frame.name or _VALUES)).to_arrow()
        return table
    names = frame_names(frame, id_column)
    if not hasattr(frame, "columns"):
        frame = frame.to_frame(_VALUES if frame.name is None else frame.name)
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InvalidInputError(f"the frame cannot be read: {error}") from error
    if names is None or id_column in table.column_names:
        return table
    return table.add_column(0, id_column, pa.array(names, pa.string()))


def frame_names(frame: Any, id_column: str) -> list[str] | None:
    """The names of a frame's rows, from its column or its index; None where rows are told by position.

    Raises:
        InvalidInputError: the index is neither names nor 0 .. N - 1.
    """
    columns = getattr(frame, "columns", ())
    if id_column in columns:
        return [str(name) for name in frame[id_column]]
    if not hasattr(frame, "index"):
        return None
    index = frame.index.tolist()
    if index == list(range(len(index))):
        return None
    if all(isinstance(name, str) for name in index):
        return [str(name) for name in index]
    raise InvalidInputError(
        f"the index of a frame must be names, or 0 .. {len(index) - 1} for rows by position; it begins with "
        f"{index[:3]}: give it the names as its index or as a column {id_column!r}, or reset_index(drop=True)"
    )

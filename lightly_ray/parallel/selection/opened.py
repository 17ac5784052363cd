"""Data as people have it, as a source of vectors and the ids of its rows."""

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa

from lightly_ray._types import IdsLike
from lightly_ray.data.frames import frame_to_table, is_frame
from lightly_ray.data.ids import Ids
from lightly_ray.data.location import Location
from lightly_ray.data.parquet import ParquetSource
from lightly_ray.data.sources import ArraySource, NpySource, Source
from lightly_ray.data.table_source import TableSource
from lightly_ray.errors import InvalidInputError
from lightly_ray.selection.request import EqualScores, NamedScores, RowScores

if TYPE_CHECKING:
    from ray.data import Dataset

Scores = NamedScores | RowScores | EqualScores | str | None


def open_data(
    data: object,
    ids: IdsLike | None,
    id_column: str,
    embedding_column: str | None,
    scores: Scores,
    *,
    remote_args: Mapping[str, Any],
) -> tuple[Source, Ids]:
    """Open data, whatever it is.

    Args:
        data: what `select` takes.
        ids: (N,) by row, instead of the column.
        id_column: of the ids.
        embedding_column: of the vectors, None where none are read.
        scores: whose column is read where they are one.
        remote_args: of the tasks that look at the blocks of a Dataset.

    Raises:
        NotFoundError: a file does not exist.
        InvalidInputError: the data cannot be used.
    """
    if _is_dataset(data):
        if ids is not None:
            raise InvalidInputError("the rows of a Dataset have no order: name the column of its ids by id_column")
        return _open_dataset(cast("Dataset", data), id_column, embedding_column, scores, remote_args=remote_args)
    if isinstance(data, pa.Table) or is_frame(data):
        return _open_table(data, ids, id_column, embedding_column)
    source = _source(data, embedding_column)
    if ids is None:
        if isinstance(source, ArraySource):
            return source, Ids.numbered(source.count)
        return source, Ids.from_values(source.column(id_column), f"the column {id_column!r}")
    return source, _given_ids(ids, source.count)


def _given_ids(ids: IdsLike, count: int) -> Ids:
    row_ids = Ids.from_values(ids)
    if len(row_ids) != count:
        raise InvalidInputError(f"got {len(row_ids)} ids for {count} rows of data")
    return row_ids


def _open_table(data: Any, ids: IdsLike | None, id_column: str, embedding_column: str | None) -> tuple[Source, Ids]:
    table = data if isinstance(data, pa.Table) else frame_to_table(data, id_column)
    coordinates = [name for name in table.column_names if name != id_column]
    if embedding_column not in (None, *coordinates) and _is_wide(data, id_column):
        source: Source = ArraySource(np.column_stack([table.column(name).to_numpy() for name in coordinates]))
    else:
        source = TableSource(table, embedding_column)
    if ids is not None:
        return source, _given_ids(ids, source.count)
    if id_column in table.column_names:
        return source, Ids.from_values(table.column(id_column), f"the column {id_column!r}")
    if isinstance(data, pa.Table):
        raise InvalidInputError(f"the table has no column {id_column!r}: name the column of its ids by id_column")
    return source, Ids.numbered(source.count)


def _is_wide(data: Any, id_column: str) -> bool:
    """Whether a frame has a column per coordinate and the names as its index: an array with names."""
    if not hasattr(data, "index") or id_column in getattr(data, "columns", [id_column]):
        return False
    return len(data.columns) > 1 and all(kind.kind == "f" for kind in data.dtypes)


def _open_dataset(
    data: "Dataset",
    id_column: str,
    embedding_column: str | None,
    scores: Scores,
    *,
    remote_args: Mapping[str, Any],
) -> tuple[Source, Ids]:
    from lightly_ray.parallel.selection.dataset_source import DatasetSource  # noqa: PLC0415  # loads Ray Data

    if isinstance(scores, RowScores):
        raise InvalidInputError(
            "the rows of a Dataset have no order: give scores as {id: score}, as a table with ids, or name their column"
        )
    others = (scores,) if isinstance(scores, str) else ()
    source = DatasetSource(data, id_column, embedding_column, others, remote_args=remote_args)
    return source, source.ids


def _source(data: object, embedding_column: str | None) -> Source:
    if isinstance(data, str | os.PathLike):
        return _file(Location.parse(data), embedding_column)
    if isinstance(data, list | tuple) and data and all(isinstance(path, str | os.PathLike) for path in data):
        return ParquetSource([Location.parse(path) for path in data], embedding_column)
    if hasattr(data, "__array__"):
        return ArraySource(np.asarray(data))
    raise InvalidInputError(
        "data must be an (N, D) float array, a ray.data.Dataset, an Arrow table, a DataFrame, or paths of Parquet or "
        f".npy files, got {type(data).__name__}"
    )


def _file(place: Location, embedding_column: str | None) -> Source:
    return NpySource(place) if place.path.lower().endswith(".npy") else ParquetSource([place], embedding_column)


def _is_dataset(data: object) -> bool:
    # A caller with a Dataset has loaded Ray Data; no other should have to.
    loaded = sys.modules.get("ray.data")
    return loaded is not None and isinstance(data, loaded.Dataset)

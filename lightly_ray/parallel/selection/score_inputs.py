"""Scores as people have them, as numbers by row or by id: an array, a mapping, what `lightly_ray.score` makes, a file.

A table of scores (Dataset, Arrow table, DataFrame, Series, Parquet) is joined by its ids. Where it has several scores
and none is named, the default one is taken, as the agent does.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, cast

import pyarrow as pa

from lightly_ray.data.frames import frame_to_table, is_frame
from lightly_ray.data.joined_columns import join_columns
from lightly_ray.data.listing import list_files
from lightly_ray.data.location import Location
from lightly_ray.data.parquet import open_parquet, read_columns
from lightly_ray.errors import InvalidInputError
from lightly_ray.methods import default_score
from lightly_ray.selection.request import NamedScores, RowScores

_BUFFER = 1 << 20


def read_scores(scores: Any, id_column: str, score: str | None) -> NamedScores | RowScores | str | None:
    """Read scores that are a table; pass on those that are not.

    Args:
        scores: what `select` takes.
        id_column: of the ids in a table.
        score: which score of a table, None for the default one.

    Returns:
        Scores by id, scores by row, or the name of a column of the data.

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: a table lacks the ids or the score, or is no table of scores.
    """
    if isinstance(scores, Mapping):
        return NamedScores(list(scores), list(scores.values()), "scores")
    if is_path(scores):
        return _from_files(Location.parse(scores), id_column, score)
    if scores is None or isinstance(scores, str):
        return scores
    table = as_table(scores, id_column)
    return RowScores(scores) if table is None else _from_table(table, id_column, score)


def _from_table(table: pa.Table, id_column: str, score: str | None) -> NamedScores | RowScores:
    if id_column in table.column_names:
        name = _chosen(table.schema, id_column, score)
        return NamedScores(table.column(id_column), table.column(name), f"the score {name!r}")
    if len(table.column_names) == 1:  # a frame or series whose rows are those of the data
        return RowScores(table.column(0))
    raise InvalidInputError(
        f"the scores have no column {id_column!r} of ids, they have {', '.join(map(repr, table.column_names))}"
    )


def default_score_of(place: Location, id_column: str) -> str:
    """Which score of Parquet files is taken where none is named.

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: it has no column of numbers.
    """
    with open_parquet(place.at(list_files(place, ".parquet")[0]), buffer=_BUFFER) as file:
        return _chosen(file.schema_arrow, id_column, None)


def names_of_scores(scores: Any, id_column: str) -> list[str] | None:
    """The columns of a table of scores, but for that of its ids; None where scores have no names.

    Raises:
        NotFoundError: there is no such file.
    """
    if is_path(scores):
        place = Location.parse(scores)
        with open_parquet(place.at(list_files(place, ".parquet")[0]), buffer=_BUFFER) as file:
            names: list[str] = file.schema_arrow.names
    elif isinstance(scores, pa.Table):
        names = scores.column_names
    else:
        return None
    return [name for name in names if name != id_column]


def is_path(scores: Any) -> bool:
    """Whether scores lie in Parquet files."""
    return isinstance(scores, os.PathLike) or (isinstance(scores, str) and _is_path(scores))


def _is_path(text: str) -> bool:
    return text.lower().endswith(".parquet") or "/" in text or os.sep in text


def _from_files(place: Location, id_column: str, score: str | None) -> NamedScores:
    score = score or default_score_of(place, id_column)
    table = read_columns(place, [id_column, score])
    return NamedScores(table.column(id_column), table.column(score), f"the score {score!r} in {place.shown!r}")


def as_table(scores: Any, id_column: str) -> pa.Table | None:
    """A table of what is one in memory: Arrow table, frame, Series or Dataset; None for all else."""
    if isinstance(scores, pa.RecordBatch):
        return pa.Table.from_batches([scores])
    if isinstance(scores, pa.Table):
        return scores
    if is_frame(scores):
        return frame_to_table(scores, id_column)
    loaded = sys.modules.get("ray.data")  # a caller with a Dataset has loaded Ray Data
    return _gathered(scores) if loaded is not None and isinstance(scores, loaded.Dataset) else None


def _gathered(dataset: Any) -> pa.Table:
    from lightly_ray.parallel.errors import plain_errors  # noqa: PLC0415  # loads Ray
    from lightly_ray.parallel.quiet import quiet_data  # noqa: PLC0415  # loads Ray
    from lightly_ray.parallel.waiting import with_room  # noqa: PLC0415  # loads Ray

    def read() -> list[pa.Table]:
        blocks = cast("Iterable[pa.Table]", dataset.iter_batches(batch_format="pyarrow", batch_size=None))
        return [block for block in blocks if len(block)]

    with plain_errors(), quiet_data(dataset):
        tables = with_room(read, "read the scores")
    if not tables:
        raise InvalidInputError("the dataset of scores has no rows")
    names = tables[0].column_names
    return pa.table({name: join_columns([table.column(name) for table in tables], name) for name in names})


def _chosen(schema: pa.Schema, id_column: str, score: str | None) -> str:
    numbers = [field.name for field in schema if field.name != id_column and _is_number(field.type)]
    if score is None and numbers:
        return default_score(numbers)
    if score is None or score not in schema.names:
        what = "no column of numbers" if score is None else f"no score {score!r}"
        raise InvalidInputError(f"the scores have {what}, they have {', '.join(map(repr, schema.names))}")
    return score


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))

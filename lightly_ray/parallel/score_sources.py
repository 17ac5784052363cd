"""Paths of predictions as Ray datasets, read by the tasks that score them."""

from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
import ray.data

from lightly_ray.data.paths import AnyPath, files_of
from lightly_ray.data.predictions.files import find_format, map_npy, read_table, row_names
from lightly_ray.parallel.score_columns import Columns

_SAMPLES = 4096  # of a result file that one task scores
_MAPS = 16  # of a folder that one task reads and scores, one after the other
_BYTES = 32 << 20  # of an array that one task reads


def read_predictions(path: AnyPath, columns: Columns, images: AnyPath | None) -> ray.data.Dataset:
    """The predictions at a path, in the columns of their schema.

    Args:
        path: see ``lightly_ray.data.predictions.files``.
        columns: which columns of a Parquet file are read.
        images: what names the images where the files do not.

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: it cannot be read, or lacks a column.
    """
    form = find_format(path, columns.task)
    if form == "parquet":
        system, files = files_of(path, ".parquet")
        names = pq.read_schema(files[0], filesystem=system).names
        return ray.data.read_parquet(files, filesystem=system).select_columns(columns.known(names))
    if form == "npy":
        return _read_npy(path, columns.id_column, images)
    table = read_table(path, form, images)
    table = table.rename_columns([columns.id_column, *table.column_names[1:]])
    step = _MAPS if form == "maps" else _SAMPLES
    return ray.data.from_arrow([table.slice(start, step) for start in range(0, max(1, len(table)), step)])


def _read_npy(path: AnyPath, id_column: str, images: AnyPath | None) -> ray.data.Dataset:
    array = map_npy(path)
    names = row_names(len(array), images)
    step = max(1, _BYTES // (array.shape[1] * array.itemsize))
    ranges = [
        pa.table({"start": [start], "names": [names[start : start + step]]}) for start in range(0, len(array), step)
    ]
    cut = partial(_cut_npy, path=str(path), id_column=id_column)
    return ray.data.from_arrow(ranges).map_batches(cut, batch_format="pyarrow", batch_size=None)


def _cut_npy(ranges: pa.Table, path: str, id_column: str) -> pa.Table:
    parts = []
    for one in ranges.to_pylist():
        rows = map_npy(path)[one["start"] : one["start"] + len(one["names"])]
        lists = pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), rows.shape[1])
        parts.append(pa.table({id_column: one["names"], "probabilities": lists}))
    return pa.concat_tables(parts)

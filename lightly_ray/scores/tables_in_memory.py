"""Predictions that a caller has in memory, as a table of the task's schema: tables, frames, arrays."""

from typing import Any

import numpy as np
import pyarrow as pa

from lightly_ray.data.frames import frame_to_table, is_frame
from lightly_ray.data.location import Location
from lightly_ray.data.predictions.checks import as_probabilities
from lightly_ray.data.predictions.files import row_names
from lightly_ray.data.vectors import fixed_lists
from lightly_ray.errors import InvalidInputError
from lightly_ray.scores.prediction_columns import Columns


def table_of(predictions: Any, columns: Columns, images: Location | None) -> pa.Table:
    """Bring predictions into a table.

    Args:
        predictions: an Arrow table; a frame with the columns of one, or of a classifier with a column per class and
            the names as its index; or an (N, C) array of class probabilities.
        columns: the task, and what its columns are called.
        images: what names the rows of an array, see `row_names`.

    Raises:
        InvalidInputError: it is none of these.
    """
    if isinstance(predictions, pa.Table):
        return predictions
    if is_frame(predictions):
        table = frame_to_table(predictions, columns.id_column)
        classes = [name for name in table.column_names if name != columns.id_column]
        numbers = all(pa.types.is_floating(table.schema.field(name).type) for name in classes)
        if columns.task != "classification" or not numbers or not classes:
            return table
        names = table.column(columns.id_column) if columns.id_column in table.column_names else None
        return _classes(np.column_stack([table.column(name).to_numpy() for name in classes]), columns, names, images)
    if columns.task != "classification" or not hasattr(predictions, "__len__") or isinstance(predictions, dict):
        raise InvalidInputError(
            "predictions must be a ray.data.Dataset, a path, an Arrow table or a DataFrame, or for classification an "
            f"(N, C) array; got {type(predictions).__name__} for {columns.task}"
        )
    return _classes(predictions, columns, None, images)


def _classes(values: Any, columns: Columns, names: Any, images: Location | None) -> pa.Table:
    matrix = as_probabilities(values)
    named = row_names(len(matrix), images) if names is None else names
    return pa.table({columns.id_column: named, columns.prediction_column or "probabilities": fixed_lists(matrix)})

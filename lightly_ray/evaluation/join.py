"""Labels and predictions of the same samples, found by file name and sorted by it."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lightly_ray.data.labels.table import Labels
from lightly_ray.data.predictions.table import Predictions
from lightly_ray.data.string_lookup import duplicates, positions_in
from lightly_ray.data.text import unicode_hint
from lightly_ray.errors import InvalidInputError
from lightly_ray.evaluation.result import Counts


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """n samples that have both.

    Attributes:
        labels: n rows of the labels' table.
        predictions: n rows of the predictions' table, aligned.
        filenames: (n,), sorted, so that no result depends on the order of either table.
        classes: those of the predictions in their order, then those of the labels alone.
        counts: what was left out.
    """

    labels: pa.Table
    predictions: Predictions
    filenames: pa.LargeStringArray
    classes: tuple[str, ...]
    counts: Counts

    def annotations(self) -> tuple[NDArray[np.int64], NDArray[np.int64], pa.StructArray]:
        """Of all annotations the row of their sample, their class as a position in ``classes``, and themselves."""
        column = self.labels["annotations"].combine_chunks()
        rows = pc.list_parent_indices(column).to_numpy(zero_copy_only=False).astype(np.int64)
        flat = pc.list_flatten(column)
        names = pc.struct_field(flat, "class").cast(pa.string())
        classes = pc.index_in(names, value_set=pa.array(self.classes, pa.string()))
        return rows, classes.to_numpy(zero_copy_only=False).astype(np.int64), flat


def join(labels: Labels, predictions: Predictions) -> Joined:
    """Join by file name.

    Raises:
        InvalidInputError: a row of the labels has no file name, two have the same, no sample has both, or labels and
            predictions have no class in common.
    """
    _require_common_class(labels, predictions)
    table = labels.table
    _require_names(table)
    names, known = _names(table), predictions.filenames
    places = positions_in(names, known)
    skipped = _flags(pc.fill_null(table["cannot_be_labelled"], False))
    empty = np.zeros(len(table), dtype=bool)
    if labels.task == "classification":
        empty = ~skipped & ~_flags(pc.fill_null(pc.greater(pc.list_value_length(table["annotations"]), 0), False))
    wanted = ~skipped & ~empty
    rows = np.flatnonzero(wanted & (places >= 0))
    if not len(rows):
        raise InvalidInputError(_nothing_common(names.filter(pa.array(wanted)), known))
    rows = rows[pc.array_sort_indices(names.take(pa.array(rows))).to_numpy()]
    counts = Counts(
        evaluated=len(rows),
        without_prediction=int(np.count_nonzero(wanted)) - len(rows),
        without_label=len(known) - int(np.count_nonzero(places >= 0)),
        unlabelled=int(np.count_nonzero(empty)),
        cannot_be_labelled=int(np.count_nonzero(skipped)),
    )
    chosen = table.take(pa.array(rows))
    classes = (*predictions.classes, *(name for name in labels.classes if name not in set(predictions.classes)))
    return Joined(chosen, predictions.take(places[rows]), _names(chosen), classes, counts)


def _flags(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    return np.asarray(column.to_numpy(), dtype=bool)


def _names(table: pa.Table) -> pa.LargeStringArray:
    return table["filename"].cast(pa.large_string()).combine_chunks()


def _require_names(table: pa.Table) -> None:
    names = _names(table)
    if names.null_count:
        row = int(np.argmax(names.is_null().to_numpy(zero_copy_only=False)))
        raise InvalidInputError(
            f"labels are joined by file name, and row {row} has none, only the id {table['sample_id'][row].as_py()!r}"
        )
    twice = duplicates(names)
    if len(twice):
        raise InvalidInputError(f"{twice[0]['values'].as_py()!r} is more than once among the labels")


def _require_common_class(labels: Labels, predictions: Predictions) -> None:
    if labels.classes and not set(labels.classes) & set(predictions.classes):
        raise InvalidInputError(
            f"labels and predictions have no class in common: labels have {_some(labels.classes)}, predictions "
            f"{_some(predictions.classes)}; name the classes of the predictions in the order of their numbers"
        )


def _nothing_common(names: pa.LargeStringArray, known: pa.LargeStringArray) -> str:
    if not len(names) or not len(known):
        return f"there is nothing to evaluate: {len(names)} samples are labelled, {len(known)} have predictions"
    first = names[0].as_py()
    return (
        f"none of the {len(names)} labelled samples has a prediction, first: {first!r}; predictions begin with "
        f"{known[0].as_py()!r}{unicode_hint(first, known)}"
    )


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(map(repr, names[:5]))
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown or "none"

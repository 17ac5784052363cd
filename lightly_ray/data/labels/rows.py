"""What readers put together, sample by sample, and how a file's task is found."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lightly_ray.data.labels.table import ANNOTATION, SCHEMA, SHAPES, TASKS, Labels, Task, checked
from lightly_ray.errors import InvalidInputError


class Rows:
    """A table of labels in the making.

    Args:
        what: the file, as errors name it.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self._columns: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}

    def add(
        self,
        annotations: Sequence[Mapping[str, Any]] | None,
        *,
        filename: str | None = None,
        sample_id: str | None = None,
        cannot_be_labelled: bool = False,
    ) -> None:
        """One sample; annotations are those of `table.ANNOTATION` with what they have, None: nobody has labelled it."""
        self._columns["sample_id"].append(sample_id)
        self._columns["filename"].append(filename)
        self._columns["cannot_be_labelled"].append(cannot_be_labelled)
        self._columns["annotations"].append([] if cannot_be_labelled else annotations)

    @property
    def has_objects(self) -> bool:
        """Whether there is any annotation."""
        return any(self._columns["annotations"])

    def labels(self, task: Task | None, classes: Sequence[str] = ()) -> Labels:
        """All of them, see `labels_of`."""
        try:
            table = pa.table(self._columns, SCHEMA)
        except (pa.ArrowException, TypeError, OverflowError, UnicodeEncodeError) as error:
            raise InvalidInputError(f"{self.what}: a label is of the wrong kind: {error}") from error
        return labels_of(table, self.what, task, classes)


def labels_of(table: pa.Table, what: str, task: Task | None, classes: Sequence[str] = ()) -> Labels:
    """The labels of one task of a table in which there may be those of several.

    An annotation is of the task that the most telling of its shapes stands for: keypoints, then polygons or a mask,
    then a box, then none.

    Args:
        table: `SCHEMA`.
        what: the file, as errors name it.
        task: the annotations that have what it needs are taken; None: that of all annotations.
        classes: known names in their order.

    Raises:
        InvalidInputError: there are annotations of several tasks, or none that tell the task; or as `table.checked`.
    """
    column = table["annotations"].combine_chunks()
    values = pc.list_flatten(column)
    kinds = _kinds(values)
    found = [TASKS[number] for number in np.unique(kinds).tolist()]
    if task is None:
        if len(found) != 1:
            told = f"annotations for {' and '.join(found)}" if found else "no annotations that tell its task"
            raise InvalidInputError(f"{what} has {told}: name the task to read, one of {', '.join(TASKS)}")
        task = found[0]
    fits = kinds == 0 if task == "classification" else _has(values, SHAPES[task])
    if found and not fits.any():
        raise InvalidInputError(f"{what} has no annotations for {task}, it has some for {' and '.join(found)}")
    column = _kept(column, _of_task(values, task), fits)
    cannot = pc.fill_null(table["cannot_be_labelled"].combine_chunks(), False)
    if task == "classification":  # nobody has given it a class
        empty = pc.fill_null(pc.equal(pc.list_value_length(column), 0), True)
        column = pc.if_else(empty, pa.nulls(len(column), column.type), column)
    column = pc.if_else(cannot, pa.scalar([], column.type), column)
    position = table.schema.get_field_index("annotations")
    return checked(task, table.set_column(position, SCHEMA.field(position), column), what, classes)


def _kinds(values: pa.StructArray) -> NDArray[np.int64]:
    """(A,) positions in `TASKS`."""
    kinds = np.zeros(len(values), dtype=np.int64)
    for number, task in enumerate(TASKS[1:], start=1):
        kinds[_has(values, SHAPES[task])] = number
    return kinds


def _has(values: pa.StructArray, names: Iterable[str]) -> NDArray[np.bool_]:
    has = [np.asarray(pc.is_valid(pc.struct_field(values, name))) for name in names]
    return np.asarray(np.logical_or.reduce(has))


def _of_task(values: pa.StructArray, task: Task) -> pa.StructArray:
    """Annotations with what their task has alone, so that the same labels are the same from any format.

    A box around a polygon or a mask says nothing new; the box of an object with keypoints does.
    """
    names = ("class", "score", *SHAPES[task], *(("box",) if task == "keypoints" else ()))
    arrays = [
        pc.struct_field(values, field.name) if field.name in names else pa.nulls(len(values), field.type)
        for field in ANNOTATION
    ]
    return pa.StructArray.from_arrays(arrays, fields=list(ANNOTATION))


def _kept(column: pa.ListArray, values: pa.StructArray, fits: NDArray[np.bool_]) -> pa.ListArray:
    """The lists with those of these values alone that fit."""
    parents = pc.list_parent_indices(column).to_numpy(zero_copy_only=False)
    lengths = np.bincount(parents[fits], minlength=len(column))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values.filter(pa.array(fits)), mask=pc.is_null(column))

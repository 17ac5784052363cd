"""Which columns of a dataset of predictions are read, and what they are called in the task's schema."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from lightly_ray.data.predictions import classification, detection, keypoints, segmentation
from lightly_ray.errors import InvalidInputError
from lightly_ray.scores.tasks import Task

# The first is the column that ``prediction_column`` may rename.
_COLUMNS: dict[Task, tuple[str, ...]] = {
    "classification": classification.COLUMNS,
    "detection": ("class_probabilities", "object_probabilities", *detection.OPTIONAL),
    "segmentation": (*segmentation.COLUMNS, *segmentation.OPTIONAL, segmentation.PATH),
    "keypoints": keypoints.COLUMNS,
}


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one dataset.

    Attributes:
        task: whose schema applies.
        id_column: the names of the samples.
        prediction_column: the predictions, where they have another name than in the schema.
        also: columns of the schema that no score needs, read where they are there.
    """

    task: Task
    id_column: str
    prediction_column: str | None = None
    also: tuple[str, ...] = ()

    def known(self, names: Sequence[str]) -> list[str]:
        """Those of a dataset's columns that are read.

        Raises:
            InvalidInputError: the names of the samples are missing, or the predictions.
        """
        main, *others = _COLUMNS[self.task]
        needed = {self.id_column, self.prediction_column or main, *others}
        present = [name for name in names if name in needed or name in self.also]
        for name in (self.id_column, self.prediction_column):
            if name is not None and name not in present:
                raise InvalidInputError(f"there is no column {name!r} in the predictions, got {', '.join(names)}")
        if {*present} - {*self.also} == {self.id_column}:
            raise InvalidInputError(
                f"{self.task} needs predictions in columns {', '.join(_COLUMNS[self.task])}; got {', '.join(names)}"
            )
        return present

    def to_schema(self, table: pa.Table) -> pa.Table:
        """The columns that are read, without a copy, the predictions by their name in the schema."""
        chosen = table.select(self.known(table.column_names))
        main = _COLUMNS[self.task][0]
        return chosen.rename_columns([main if name == self.prediction_column else name for name in chosen.column_names])

"""Read tasks -> scores: each reads its predictions and scores them, batch by batch.

Names and one number per score leave a task, so memory is bounded by the batches in flight.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, cast

import numpy as np
import pyarrow as pa
import ray
import ray.data

from lightly_ray.data.predictions.checks import require_no_fault
from lightly_ray.parallel import metrics
from lightly_ray.parallel.remote_args import TASK_LOSSES, map_batches
from lightly_ray.parallel.waiting import with_room
from lightly_ray.scores.detection import FrequencyConfig
from lightly_ray.scores.prediction_columns import Columns
from lightly_ray.scores.read_tasks import Read, ReadTasks
from lightly_ray.scores.tables import ERROR, error_column, score_columns
from lightly_ray.scores.tasks import count_classes, evaluate

OnError = Literal["raise", "skip"]
_ROW = "lightly_ray.row"  # beside the columns of a task and of its scores: the number of each sample


@dataclass(frozen=True, slots=True)
class Scoring:
    """How predictions are scored.

    Attributes:
        columns: the task, and where its predictions are.
        config: of detection.
        on_error: ``raise`` or ``skip``, see ``score``.
        classes: how many classes each sample must have; 0: the first sample of a table says it for that table.
        agreement: handle of an `Agreement`, where tables that come in any order learn what the first of them says.
    """

    columns: Columns
    config: FrequencyConfig
    on_error: OnError
    classes: int = 0
    agreement: Any = None

    def score(self, table: pa.Table) -> pa.Table:
        """Names and scores of a table of predictions; ``object_frequency`` is still a count."""
        if not table.num_columns and not len(table):  # what a filter leaves of a block may lack even the columns
            return table
        chosen = self.columns.to_schema(table)
        batches = chosen.to_batches() or [pa.RecordBatch.from_pylist([], schema=chosen.schema)]
        counts = (count_classes(self.columns.task, batch) for batch in batches)
        classes = self.classes or next((count for count in counts if count), 0)
        if classes and self.agreement is not None:
            classes = int(ray.get(self.agreement.agree.remote(classes)))
        return pa.concat_tables([self._score_batch(batch, classes) for batch in batches])

    def _score_batch(self, batch: pa.RecordBatch, classes: int) -> pa.Table:
        names = batch.column(self.columns.id_column)
        metrics.count(metrics.ROWS_SCORED, len(names))
        evaluated = evaluate(self.columns.task, batch, self.config, classes)
        if self.on_error == "raise":
            require_no_fault(evaluated.faults, names, reasons=evaluated.reasons)
        result = {self.columns.id_column: names, **score_columns(self.columns.task, evaluated)}
        if self.on_error == "skip":
            result[ERROR] = error_column(evaluated)
        return pa.table(result)


class Agreement:
    """An actor that holds the number of classes of the table that asked first; all others must have it too."""

    def __init__(self) -> None:
        self._classes = 0

    def agree(self, classes: int) -> int:
        """The number that holds for all."""
        self._classes = self._classes or classes
        return self._classes


def score_dataset(
    dataset: ray.data.Dataset, scoring: Scoring, remote_args: Mapping[str, Any] | None = None
) -> ray.data.Dataset:
    """The scores of a dataset, computed when it is used."""
    remote_args = remote_args or {}
    elsewhere = {key: value for key, value in remote_args.items() if key in {"label_selector", "runtime_env"}}
    agreement = ray.remote(num_cpus=0)(Agreement).options(**elsewhere).remote()
    # Whole blocks, as they lie in shared memory.
    score = replace(scoring, agreement=agreement).score
    return map_batches(dataset, score, batch_format="pyarrow", batch_size=None, **remote_args)


def first_classes(read_tasks: ReadTasks, columns: Columns) -> int:
    """The number of classes of the first sample that has any, the same in every run; 0 where it may differ."""
    if columns.task != "classification":
        return 0
    tables = (columns.to_schema(table) for task in read_tasks.tasks for table in read_tasks.read(task))
    counts = (count_classes(columns.task, batch) for table in tables for batch in table.to_batches())
    return next((count for count in counts if count), 0)


def score_read_tasks(
    read_tasks: ReadTasks, scoring: Scoring, remote_args: Mapping[str, Any] | None = None
) -> ray.data.Dataset:
    """The scores of all tasks, in no particular order."""
    scoring = replace(scoring, classes=first_classes(read_tasks, scoring.columns))
    return _mapped(read_tasks.tasks, partial(_score_predictions, read=read_tasks.read, scoring=scoring), remote_args)


def score_in_order(read_tasks: ReadTasks, scoring: Scoring, first: int = 0) -> Iterator[pa.Table]:
    """Score the samples from number ``first`` on; tasks that lie wholly before it are not read.

    Yields:
        Tables of scores, each going on behind the one before it; ``object_frequency`` is still a count.
    """
    place = int(np.searchsorted(read_tasks.bounds, first, side="right")) - 1
    if place == len(read_tasks.tasks):
        return
    starts = read_tasks.bounds[place:-1].tolist()
    tasks = [
        task.append_column(_ROW, pa.array(np.full(len(task), start)))
        for task, start in zip(read_tasks.tasks[place:], starts, strict=True)
    ]
    dataset = _mapped(tasks, partial(_score_predictions_in_order, read=read_tasks.read, scoring=scoring))
    dataset.context.execution_options.preserve_order = True
    row = starts[0]
    for block in cast("Iterable[pa.Table]", dataset.iter_batches(batch_format="pyarrow", batch_size=None)):
        _require_next(block, row)
        yield block.drop_columns(_ROW).slice(max(0, first - row))
        row += len(block)


def _mapped(
    tasks: list[pa.Table],
    score: Callable[[pa.Table], Iterator[pa.Table]],
    remote_args: Mapping[str, Any] | None = None,
) -> ray.data.Dataset:
    """A dataset of what tasks give; without ``remote_args`` it is our own, and handed on to nobody."""
    dataset = with_room(lambda: ray.data.from_arrow(tasks), "score", remote_args)  # by tasks that look at each table
    args = TASK_LOSSES if remote_args is None else remote_args
    return map_batches(dataset, score, batch_format="pyarrow", batch_size=None, **args)


def _score_predictions(task: pa.Table, read: Read, scoring: Scoring) -> Iterator[pa.Table]:
    for table in read(task):
        yield scoring.score(table)


def _score_predictions_in_order(task: pa.Table, read: Read, scoring: Scoring) -> Iterator[pa.Table]:
    if not len(task):
        return
    row = task.column(_ROW)[0].as_py()
    for scored in _score_predictions(task.drop_columns(_ROW), read, scoring):
        yield scored.append_column(_ROW, pa.array(np.arange(row, row + len(scored))))
        row += len(scored)


def _require_next(block: pa.Table, row: int) -> None:
    # Parts of an output are told apart by their rows alone: an order that is not kept has to be an error.
    if not np.array_equal(block.column(_ROW).to_numpy(), np.arange(row, row + len(block))):
        raise RuntimeError(f"scores of sample {row} were expected, Ray Data brought others")

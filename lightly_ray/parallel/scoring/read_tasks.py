"""Pieces of predictions -> scores: one task reads a piece and scores it, batch by batch.

Names and one number per score leave a task, so memory is bounded by the batches in flight.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal, cast

import numpy as np
import pyarrow as pa
import ray.data

from lightly_ray.data.predictions.checks import require_no_fault
from lightly_ray.parallel.scoring.prediction_sources import Pieces, Read
from lightly_ray.scores.detection import FrequencyConfig
from lightly_ray.scores.prediction_columns import Columns
from lightly_ray.scores.tables import ERROR, error_column, score_columns
from lightly_ray.scores.tasks import evaluate

OnError = Literal["raise", "skip"]
_ROW = "lightly_ray.row"  # beside the columns of a request and of its scores: the number of each sample


@dataclass(frozen=True, slots=True)
class Scoring:
    """How predictions are scored.

    Attributes:
        columns: the task, and where its predictions are.
        config: of detection.
        on_error: ``raise`` or ``skip``, see ``score``.
    """

    columns: Columns
    config: FrequencyConfig
    on_error: OnError

    def score(self, table: pa.Table) -> pa.Table:
        """Names and scores of a table of predictions; ``object_frequency`` is still a count."""
        chosen = self.columns.to_schema(table)
        batches = chosen.to_batches() or [pa.RecordBatch.from_pylist([], schema=chosen.schema)]
        return pa.concat_tables([self._score_batch(batch) for batch in batches])

    def _score_batch(self, batch: pa.RecordBatch) -> pa.Table:
        names = batch.column(self.columns.id_column)
        found = evaluate(self.columns.task, batch, self.config)
        if self.on_error == "raise":
            require_no_fault(found.faults, names)
        result = {self.columns.id_column: names, **score_columns(self.columns.task, found)}
        if self.on_error == "skip":
            result[ERROR] = error_column(found)
        return pa.table(result)


def score_pieces(pieces: Pieces, scoring: Scoring) -> ray.data.Dataset:
    """The scores of all pieces, in no particular order."""
    return _mapped(pieces.requests, partial(_score_piece, read=pieces.read, scoring=scoring))


def score_in_order(pieces: Pieces, scoring: Scoring, first: int = 0) -> Iterator[pa.Table]:
    """Score the samples from number ``first`` on; pieces that lie wholly before it are not read.

    Yields:
        Tables of scores, each going on behind the one before it; ``object_frequency`` is still a count.
    """
    place = int(np.searchsorted(pieces.bounds, first, side="right")) - 1
    if place == len(pieces.requests):
        return
    starts = pieces.bounds[place:-1].tolist()
    requests = [
        request.append_column(_ROW, pa.array(np.full(len(request), start)))
        for request, start in zip(pieces.requests[place:], starts, strict=True)
    ]
    dataset = _mapped(requests, partial(_score_numbered, read=pieces.read, scoring=scoring))
    dataset.context.execution_options.preserve_order = True
    row = starts[0]
    blocks = cast("Iterable[pa.Table]", dataset.iter_batches(batch_format="pyarrow", batch_size=None))
    for block in blocks:
        _require_next(block, row)
        yield block.drop_columns(_ROW).slice(max(0, first - row))
        row += len(block)


def _mapped(requests: list[pa.Table], score: Callable[[pa.Table], Iterator[pa.Table]]) -> ray.data.Dataset:
    return ray.data.from_arrow(requests).map_batches(score, batch_format="pyarrow", batch_size=None)


def _score_piece(request: pa.Table, read: Read, scoring: Scoring) -> Iterator[pa.Table]:
    for table in read(request):
        yield scoring.score(table)


def _score_numbered(request: pa.Table, read: Read, scoring: Scoring) -> Iterator[pa.Table]:
    if not len(request):
        return
    row = request.column(_ROW)[0].as_py()
    for scored in _score_piece(request.drop_columns(_ROW), read, scoring):
        yield scored.append_column(_ROW, pa.array(np.arange(row, row + len(scored))))
        row += len(scored)


def _require_next(block: pa.Table, row: int) -> None:
    # Parts of an output are told apart by their rows alone: an order that is not kept must not go unseen.
    if not np.array_equal(block.column(_ROW).to_numpy(), np.arange(row, row + len(block))):
        raise RuntimeError(f"scores of sample {row} were expected, Ray Data brought others")

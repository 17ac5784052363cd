"""Scores of samples as Arrow tables: a column of names, one per score, and perhaps one that says what is wrong.

What ``summarize``, ``merge`` and ``finish`` of ``object_frequency`` are for arrays: ``extent_of`` each table,
``merge`` the extents, ``finish_table`` each table. A sample with a fault has null scores and does not count.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lightly_ray.errors import InvalidInputError
from lightly_ray.scores.detection import FREQUENCY, Extent, FrequencyConfig
from lightly_ray.scores.tasks import SCORE_NAMES, Evaluation, Task, finish_scores, summarize_scores

ERROR = "error"


def score_columns(task: Task, found: Evaluation) -> dict[str, pa.Array]:
    """The (N,) scores of a batch by name, null for a sample with a fault."""
    return {name: pa.array(found.scores[name], mask=found.faults != 0) for name in SCORE_NAMES[task]}


def error_column(found: Evaluation) -> pa.Array:
    """What is wrong with each of the N samples of a batch, null for those without a fault."""
    return pa.array([found.reason(row) for row in range(len(found.faults))], pa.string())


def require_no_error(table: pa.Table, id_column: str) -> pa.Table:
    """The table without its errors.

    Raises:
        InvalidInputError: it has one; the message names the first such sample.
    """
    bad = table.filter(pc.is_valid(table[ERROR]))
    if len(bad):
        name, reason = str(bad[id_column][0]), bad[ERROR][0]
        raise InvalidInputError(f"{len(bad)} of {len(table)} predictions cannot be used, first: {name!r} has {reason}")
    return table.drop_columns(ERROR)


def extent_of(table: pa.Table) -> Extent:
    """The extent of the object counts of a table; one without columns has no rows."""
    if FREQUENCY not in table.column_names:
        return Extent()
    return summarize_scores({FREQUENCY: _counts(table)})


def finish_table(table: pa.Table, extent: Extent, config: FrequencyConfig) -> pa.Table:
    """The table with its object counts scaled, given the extent of all tables; one without columns has no rows."""
    if FREQUENCY not in table.column_names:
        return table
    counts = _counts(table)
    scores = finish_scores({FREQUENCY: counts}, extent, config)[FREQUENCY]
    place = table.column_names.index(FREQUENCY)
    return table.set_column(place, FREQUENCY, pa.array(scores, mask=np.isnan(counts)))


def _counts(table: pa.Table) -> NDArray[Any]:
    return np.array(table.column(FREQUENCY).to_numpy())  # a null is NaN; a copy, since Ray's blocks are read-only

"""Predictions of a classifier as an Arrow table.

Schema:
    filename: string
    probabilities: list<float>    a distribution over C >= 2 classes, or [p] for two classes [p, 1 - p]
"""

import pyarrow as pa

from lightly_ray.data.predictions.checks import Faults, PredictionFault, distribution_faults, first_fault
from lightly_ray.data.predictions.columns import column, missing, number_lists
from lightly_ray.data.predictions.ragged import Ragged

COLUMNS = ("probabilities",)


def read(batch: pa.RecordBatch) -> tuple[Ragged, Faults]:
    """The distributions of a batch, one row per sample, and what is wrong with each."""
    rows = number_lists(column(batch, "probabilities"), "probabilities").with_complement()
    no_classes = (rows.lengths == 0) * PredictionFault.CLASSES
    return rows, first_fault(missing(batch, COLUMNS), no_classes, distribution_faults(rows))

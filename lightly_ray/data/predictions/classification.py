"""Predictions of a classifier as an Arrow table.

Schema:
    filename: string
    probabilities: list<float>    a distribution over C >= 2 classes, or [p] for two classes [p, 1 - p]
"""

import pyarrow as pa

from lightly_ray.data.predictions.checks import Faults, PredictionFault, checked_distributions, first_fault
from lightly_ray.data.predictions.columns import column, missing, number_lists
from lightly_ray.data.predictions.ragged import Ragged

COLUMNS = ("probabilities",)


def read(batch: pa.RecordBatch, classes: int = 0) -> tuple[Ragged, Faults]:
    """The distributions of a batch, one row per sample, and what is wrong with each.

    Args:
        batch: N samples.
        classes: how many classes each must have; 0: as many as the first that has some.
    """
    given = rows(batch)
    none = (given.lengths == 0) * PredictionFault.CLASSES
    differing = (given.lengths != (classes or count_classes(given))) * PredictionFault.CLASSES
    distributions, faults = checked_distributions(given)
    return distributions, first_fault(missing(batch, COLUMNS), none, faults, differing)


def rows(batch: pa.RecordBatch) -> Ragged:
    """The predictions of a batch as they are, a single number p as [p, 1 - p]."""
    return number_lists(column(batch, "probabilities"), "probabilities").with_complement()


def count_classes(rows: Ragged) -> int:
    """The number of classes of the first row that has any, 0 where none has."""
    lengths = rows.lengths
    return int(lengths[(lengths > 0).argmax()]) if len(lengths) else 0

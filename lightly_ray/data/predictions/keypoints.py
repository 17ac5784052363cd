"""Predictions of a keypoint model as an Arrow table.

Schema:
    filename: string
    keypoints: list<list<float>>   per instance x0, y0, c0, x1, y1, c1, ...; confidences in [0, 1]

An image without instances has an empty list.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray.data.predictions.checks import Faults, PredictionFault, checked_units, first_fault
from lightly_ray.data.predictions.columns import column, elements, lengths, missing, number_lists
from lightly_ray.data.predictions.ragged import Ragged, fold

COLUMNS = ("keypoints",)


@dataclass(frozen=True, slots=True, eq=False)
class Keypoints:
    """M instances in N images.

    Attributes:
        confidences: M rows, the confidences of the keypoints of each instance.
        offsets: (N + 1,) int64, the instances of each image.
    """

    confidences: Ragged
    offsets: NDArray[np.int64]


def read(batch: pa.RecordBatch) -> tuple[Keypoints, Faults]:
    """The keypoints of a batch, and what is wrong with each image of it."""
    images = column(batch, "keypoints")
    triples = number_lists(elements(images, "keypoints"), "keypoints")
    offsets = Ragged.from_lengths(triples.values, lengths(images, "keypoints")).offsets
    # A list that is no triples misplaces the confidences of those behind it, unless cut to triples first.
    whole = triples.lengths // 3 * 3
    keep = np.arange(len(triples.values)) - np.repeat(triples.offsets[:-1], triples.lengths)
    kept = triples.values[keep < np.repeat(whole, triples.lengths)]
    keypoints = Keypoints(Ragged.from_lengths(np.ascontiguousarray(kept[2::3]), whole // 3), offsets)
    per_instance = (triples.lengths != whole) * PredictionFault.LENGTHS
    keypoints, faults = checked(keypoints)
    return keypoints, first_fault(missing(batch, COLUMNS), fold(per_instance, offsets), faults)


def checked(keypoints: Keypoints) -> tuple[Keypoints, Faults]:
    """The keypoints, confidences a hair outside [0, 1] brought into it, and NAN or RANGE for each image."""
    confidences, faults = checked_units(keypoints.confidences)
    return Keypoints(confidences, keypoints.offsets), fold(faults, keypoints.offsets).astype(np.int8)

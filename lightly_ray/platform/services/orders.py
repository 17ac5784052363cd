"""In which order a selection chose its samples, and what each gained: kept as one file beside the dataset's others."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.ids import new_id

_STORED = np.dtype([("row", "<i8"), ("gain", "<f8")])


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """The picks of a selection, the first one first; preselected samples are not among them.

    Attributes:
        rows: (K,) int64, in the mappings of the dataset.
        gains: (K,) float64, as `lightly_ray.select` gives them; may be inf.
    """

    rows: NDArray[np.int64]
    gains: NDArray[np.float64]


def keep(blobs: Blobs, dataset_id: str, order: Order) -> str:
    """Store an order; return its key."""
    picks = np.empty(len(order.rows), dtype=_STORED)
    picks["row"], picks["gain"] = order.rows, order.gains
    key = f"datasets/{dataset_id}/orders/{new_id()}.npy"
    blobs.put_array(key, picks)
    return key


def load(blobs: Blobs, key: str) -> Order:
    """A stored order."""
    picks = blobs.read_array(key)
    return Order(picks["row"], picks["gain"])

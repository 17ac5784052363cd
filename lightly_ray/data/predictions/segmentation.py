"""Predictions of a segmentation model as an Arrow table, read map by map.

Schema:
    filename: string
    probabilities: list<float>     the map (H, W, C), a distribution over C classes per pixel, row by
                                   row; or a tensor column of such maps
    shape: list<int32>             H, W, C; only where ``probabilities`` is no tensor column

or, for maps that do not fit into memory together:

    filename: string
    path: string                   a ``.npy`` file that holds the map, read when it is scored
"""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray.data.location import Location
from lightly_ray.data.predictions.checks import PredictionFault, as_floats
from lightly_ray.data.predictions.columns import column, raw_column, tensors
from lightly_ray.data.predictions.ragged import Ragged
from lightly_ray.errors import InvalidInputError

COLUMNS = ("probabilities",)
OPTIONAL = ("shape",)
PATH = "path"


def maps(batch: pa.RecordBatch) -> Iterator[NDArray[Any] | PredictionFault]:
    """The maps of a batch, one at a time; a ``PredictionFault`` in place of one that cannot be read."""
    if "probabilities" not in batch.schema.names and PATH in batch.schema.names:
        yield from (_load(path.as_py()) for path in batch.column(PATH))
        return
    array = raw_column(batch, "probabilities")
    if isinstance(array.type, pa.BaseExtensionType):
        values, sizes = tensors(array)
        shapes = sizes.tolist()
    else:
        values, shapes = array, column(batch, "shape").to_pylist()
    for flat, shape in zip(values, shapes, strict=True):
        yield _cut(flat, shape)


def pixels(array: NDArray[Any], what: str = "a segmentation map") -> Ragged:
    """The pixels of a map (H, W, C) as rows of class probabilities; one class p means two, [p, 1 - p].

    Raises:
        InvalidInputError: it has another number of dimensions, no pixels or no classes.
    """
    if array.ndim != 3 or array.size == 0:
        raise InvalidInputError(f"{what} must have shape (height, width, classes), got {array.shape}")
    array = as_floats(array, what)
    return Ragged.from_matrix(array.reshape(-1, array.shape[2])).with_complement()


def _cut(values: pa.Scalar, shape: list[int] | None) -> NDArray[Any] | PredictionFault:
    if not values.is_valid or shape is None:
        return PredictionFault.MISSING
    flat = values.values.to_numpy(zero_copy_only=False)
    if len(shape) != 3 or not all(size is not None and size > 0 for size in shape) or np.prod(shape) != len(flat):
        return PredictionFault.SHAPE
    return np.asarray(flat.reshape(shape))


def _load(path: str | None) -> NDArray[Any] | PredictionFault:
    content = None if path is None else Location.parse(path).read()
    if content is None:
        return PredictionFault.MISSING
    try:
        # No pickle: an array of objects could run code that came with the predictions.
        array = np.load(BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError, OSError):
        return PredictionFault.UNREADABLE
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        return PredictionFault.UNREADABLE
    return array if array.ndim == 3 and array.size else PredictionFault.SHAPE

"""Images -> small squares of pixels in the object store: decoded once, seen in every epoch of a training."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import ray.data
from numpy.typing import NDArray
from ray.data.expressions import col

from lightly_ray.data.location import Location
from lightly_ray.embedding.preparation import square_of
from lightly_ray.parallel.embedding.reader import Reader
from lightly_ray.parallel.errors import plain_errors
from lightly_ray.parallel.remote_args import TASK_LOSSES, map_batches

_AT_ONCE = 64  # images of a block


def decode_squares(root: Location, filenames: Sequence[str], side: int) -> tuple[ray.data.Dataset, dict[str, str]]:
    """Decode images of a folder and resize them, whatever their shape.

    Args:
        root: the folder.
        filenames: N >= 1 names below it.
        side: of the squares, in pixels.

    Returns:
        A Dataset of ``pixels`` (side, side, 3) uint8, in the order of the names, of the images that can be decoded;
        and the reason by name for the others.

    Raises:
        UnreadableError: a file is gone, or its store does not answer.
    """
    table = pa.table({"filename": pa.array(filenames, pa.string())})
    blocks = [table.slice(row, _AT_ONCE) for row in range(0, len(filenames), _AT_ONCE)]
    dataset = map_batches(
        ray.data.from_arrow(blocks),
        partial(_squares, root=root, side=side),
        batch_size=_AT_ONCE,
        batch_format="numpy",
        num_cpus=1,
        **TASK_LOSSES,
    )
    dataset.context.execution_options.preserve_order = True
    with plain_errors():
        everything = dataset.materialize()
    reasons = everything.select_columns(["filename", "error"]).filter(expr=col("error") != "").take_all()
    images = everything.filter(expr=col("error") == "").select_columns(["pixels"]).materialize()
    return images, {row["filename"]: row["error"] for row in reasons}


def _squares(batch: dict[str, NDArray[Any]], root: Location, side: int) -> dict[str, NDArray[Any]]:
    names = [str(name) for name in batch["filename"]]
    decoded = list(Reader(root, side, threads=1).read(names))
    squares = [square_of(one.image, side) for one in decoded]
    return {
        "filename": batch["filename"],
        "error": np.array([one.error for one in decoded]),
        "pixels": np.stack(squares),
    }

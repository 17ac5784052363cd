"""A user's program whose Dataset is larger than all object stores together: `python -m tests.cluster.spilling`.

It prints, as JSON, what was selected and scored of it, to be compared with the same of an array.
"""

import json
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import ray.data
from numpy.typing import NDArray

import lightly_ray
from lightly_ray.parallel.cluster import connected

BLOCKS, ROWS, WIDTH = 50, 16_000, 100  # 6.4 MB a block, 320 MB in all


def block(number: int) -> NDArray[np.float32]:
    """Class probabilities, which are looked at as embeddings, too."""
    raised = np.random.default_rng(number).random((ROWS, WIDTH), np.float32)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)


def names(number: int) -> list[str]:
    """Of its rows."""
    return [f"{number:02}-{row:05}.jpg" for row in range(ROWS)]


def _read(batch: Any) -> pa.Table:
    (number,) = batch["id"]
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(block(int(number)).ravel()), WIDTH)
    return pa.table({"filename": names(int(number)), "probabilities": vectors})


def main() -> None:
    """Fill the object stores, select, score."""
    with connected():
        blocks = ray.data.range(BLOCKS, override_num_blocks=BLOCKS)
        data = blocks.map_batches(_read, batch_size=1).materialize()
        found = lightly_ray.select(
            data, 300, "coreset", embedding_column="probabilities", partitions=2, normalize=False, progress=False
        )
        scores = lightly_ray.score(data, task="classification").sum("uncertainty_margin")
    sys.stdout.write(json.dumps({"ids": list(found.ids), "radius": found.radius, "margin": scores}) + "\n")


if __name__ == "__main__":
    main()

"""The same samples as files and as a Dataset, and in how many shards they are selected from."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import ray.data
from numpy.typing import NDArray

from lightly_ray.methods import METHODS

# Every method on shards of its own is slow: one of them at every commit.
ON_SHARDS = ["coreset", *(pytest.param(one, marks=pytest.mark.full) for one in METHODS if one != "coreset")]


def in_shards(folder: Path, names: list[str], vectors: NDArray[Any], scores: NDArray[Any]) -> Iterator[tuple[Any, int]]:
    """Data with the columns filename, embedding and score, cut and ordered in different ways; a number of shards."""
    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    table = pa.table({"filename": names, "embedding": flat, "score": scores})
    pq.write_table(table, folder / "x.parquet", row_group_size=40)
    yield folder / "x.parquet", 3
    yield ray.data.from_arrow([table.slice(start, 70) for start in (140, 210, 0, 70)]), 2

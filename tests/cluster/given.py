"""Inputs of jobs, large enough that something can happen to them on the way, as settings without an output."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.digits import write_digits


def images(folder: Path) -> list[str]:
    """Of `embed_images`."""
    return [f"input_dir={write_digits(folder / 'digits', every=5)}"]


def predictions(folder: Path) -> list[str]:
    """Of `score_predictions`."""
    path = folder / "predictions.parquet"
    pq.write_table(_table(400_000, 20, "probabilities"), path, row_group_size=20_000)
    return [f"predictions={path}", "task=classification"]


def embeddings(folder: Path) -> list[str]:
    """Of `select_samples`, on two shards; whitened first."""
    path = folder / "embeddings.parquet"
    pq.write_table(_table(200_000, 40, "embedding"), path, row_group_size=10_000)
    return [f"embeddings={path}", "method=coreset", "n_samples=4000", "partitions=2"]


def many_picks(folder: Path) -> list[str]:
    """The same, for as long as a node takes to be killed."""
    return [word.replace("n_samples=4000", "n_samples=30000") for word in embeddings(folder)]


def _table(rows: int, width: int, column: str) -> pa.Table:
    values = np.random.default_rng(0).dirichlet(np.ones(width), rows).astype(np.float32)
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), width)
    return pa.table({"filename": [f"{row:07}.jpg" for row in range(rows)], column: vectors})

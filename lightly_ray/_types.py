"""Names for the kinds of arguments that the public functions take."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

PathLike = str | os.PathLike[str]
"""A local path, or the URI of a place that Arrow knows, such as `s3://bucket/key`."""

IdsLike = Sequence[str] | NDArray[Any] | pa.Array | pa.ChunkedArray
"""Ids of samples: strings in a list, a NumPy array or an Arrow column."""

ScoresLike = NDArray[Any] | Sequence[float] | Mapping[str, float | None] | str | os.PathLike[str] | Any
"""Scores of samples: one number per row, or by id, the name of a column, or a table of them: a Dataset, a Parquet file,
an Arrow table, a DataFrame or a Series."""

PredictionsLike = NDArray[Any] | Mapping[str, Sequence[float]] | str | os.PathLike[str] | Any
"""Class probabilities of samples: (N, C) by row, or by id, or a table of them."""

LabelsLike = Mapping[str, int | str] | str | os.PathLike[str] | Any
"""Classes of labelled samples: by id, or a table or Series of them."""

NumberLike = float | np.integer[Any] | np.floating[Any]
"""A number, Python's or NumPy's."""

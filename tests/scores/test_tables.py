"""Tables of scores: object counts scaled, errors told."""

import numpy as np
import pyarrow as pa
import pytest

from lightly_ray.errors import InvalidInputError
from lightly_ray.scores.detection import Extent, FrequencyConfig
from lightly_ray.scores.tables import extent_of, finish_table, require_no_error

COUNTS = pa.table({"filename": ["a", "b", "c", "d"], "object_frequency": [3.0, None, 1.0, 2.0], "other": [5, 6, 7, 8]})


def test_extent_of__leaves_nulls_out() -> None:
    assert extent_of(COUNTS) == Extent(1, 3)
    assert extent_of(COUNTS.slice(1, 1)) == Extent(np.inf, -np.inf)


def test_finish_table__by_hand() -> None:
    found = finish_table(COUNTS, Extent(1, 5), FrequencyConfig(min_score=0.5))
    assert found.column_names == COUNTS.column_names
    assert found["object_frequency"].to_pylist() == [0.75, None, 0.5, 0.625]
    assert found.select(["filename", "other"]).equals(COUNTS.select(["filename", "other"]))


def test_require_no_error__names_the_first() -> None:
    table = COUNTS.append_column("error", pa.array([None, "bad", None, "worse"], pa.string()))
    with pytest.raises(InvalidInputError, match=r"^2 of 4 predictions cannot be used, first: 'b' has bad$"):
        require_no_error(table, "filename")
    assert require_no_error(table.slice(2, 1), "filename").equals(COUNTS.slice(2, 1))

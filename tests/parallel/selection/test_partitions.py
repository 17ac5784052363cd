import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightly_ray.data.location import Location
from lightly_ray.data.parquet import ParquetSource
from lightly_ray.data.sources import ArraySource, NpySource, Source, load
from lightly_ray.parallel.selection import partitions as module
from lightly_ray.parallel.selection.partitions import partition_rows

X = np.random.default_rng(0).normal(size=(230, 3))
SOME = np.sort(np.random.default_rng(1).choice(230, 97, replace=False))


@pytest.fixture(params=["npy", "groups", "one group"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    """230 rows in a file."""
    if request.param == "npy":
        np.save(tmp_path / "x.npy", X)
        return NpySource(Location.parse(tmp_path / "x.npy"))
    column = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), 3)
    size = 9 if request.param == "groups" else 1000
    pq.write_table(pa.table({"embedding": column}), tmp_path / "x.parquet", row_group_size=size)
    return ParquetSource([Location.parse(tmp_path / "x.parquet")], "embedding")


@pytest.mark.parametrize("needed", [SOME, np.arange(230), SOME[:2]])
@pytest.mark.parametrize("partitions", [1, 2, 7, 300])
def test_parts__hold_every_needed_row_once_and_about_equally_many(
    source: Source, needed: np.ndarray[Any, Any], partitions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_RUN_BYTES", 24 * 11)
    parts = partition_rows(source, needed, partitions)
    assert len(parts) == min(partitions, len(needed))
    assert np.sort(np.concatenate([part.rows for part in parts])).tolist() == needed.tolist()
    sizes = [len(part.rows) for part in parts]
    assert max(sizes) - min(sizes) <= max(1, len(needed) // (4 * len(parts)))
    for part in parts:
        assert (np.diff(part.rows) > 0).all()
        sent = pickle.loads(pickle.dumps(part.for_worker()))
        np.testing.assert_array_equal(load(sent, part.rows, normalize=False), X[part.rows])


def test_parts__neighbours_are_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RUN_BYTES", 24 * 10)
    parts = partition_rows(ArraySource(X), np.arange(230), 3)
    for start in range(0, 210, 70):
        assert all(np.isin(part.rows, np.arange(start, start + 70)).any() for part in parts)

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightly_ray.data import vectors
from lightly_ray.data.location import Location
from lightly_ray.data.parquet import ParquetSource
from lightly_ray.data.sources import load
from lightly_ray.data.vectors import VectorFault
from lightly_ray.errors import InvalidInputError, NotFoundError

X = np.random.default_rng(0).normal(size=(41, 3)).astype(np.float32)
ROWS = np.array([0, 4, 5, 13, 14, 29, 30, 40])


def table(matrix: np.ndarray[Any, Any], first: int = 0) -> pa.Table:
    names = [f"{first + i:03d}.png" for i in range(len(matrix))]
    column = pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), matrix.shape[1])
    return pa.table({"filename": names, "embedding": column, "score": np.arange(first, first + len(matrix)) / 100})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """41 rows in three files of 14, 0 and 27 rows, row groups of 4, 0 and 10."""
    pq.write_table(table(X[:14]), tmp_path / "a.parquet", row_group_size=4)
    pq.write_table(table(X[:0]), tmp_path / "b.parquet")
    pq.write_table(table(X[14:], 14), tmp_path / "c.parquet", row_group_size=10)
    return tmp_path


@pytest.mark.parametrize("block_bytes", [1, 40, 1 << 20])
@pytest.mark.parametrize("rows", [ROWS, np.arange(41), np.array([13, 14]), np.array([], dtype=np.int64)])
def test_load__any_rows(
    folder: Path, rows: np.ndarray[Any, Any], block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "BLOCK_BYTES", block_bytes)
    source = pickle.loads(pickle.dumps(ParquetSource([Location.parse(folder)], "embedding")))
    assert source.count == 41
    assert source.starts.tolist() == [0, 4, 8, 12, 14, 14, 24, 34, 41]
    np.testing.assert_array_equal(load(source, rows, normalize=False), X[rows])


@pytest.mark.parametrize("kind", ["lists", "tensors", "float16", "float64"])
def test_load__every_kind_of_column(tmp_path: Path, kind: str) -> None:
    matrix = X.astype(kind) if kind.startswith("float") else X
    column: Any = table(matrix)["embedding"].chunk(0)
    if kind == "lists":
        column = pa.array(matrix.tolist(), type=pa.list_(pa.float32()))
    if kind == "tensors":
        column = pa.FixedShapeTensorArray.from_numpy_ndarray(matrix)
    pq.write_table(pa.table({"embedding": column}), tmp_path / "x.parquet", row_group_size=9)
    loaded = load(ParquetSource([Location.parse(tmp_path / "x.parquet")], "embedding"), ROWS, normalize=False)
    assert isinstance(loaded, np.ndarray)
    assert loaded.dtype == matrix.dtype
    np.testing.assert_array_equal(loaded, matrix[ROWS])


def test_column__by_row(folder: Path) -> None:
    source = ParquetSource([Location.parse(str(folder / "*.parquet"))], None)
    assert source.column("filename").to_pylist() == [f"{i:03d}.png" for i in range(41)]
    np.testing.assert_array_equal(source.column("score").to_numpy(), np.arange(41) / 100)


def test_column__types_of_files_that_can_be_reconciled_and_not(folder: Path) -> None:
    wide = pa.table({"filename": pa.array(["x", "y"], pa.large_string()), "score": pa.array([1, 2])})
    pq.write_table(wide, folder / "d.parquet")
    source = ParquetSource([Location.parse(folder)], None)
    assert source.column("filename").to_pylist()[39:] == ["039.png", "040.png", "x", "y"]
    assert source.column("score").to_pylist()[40:] == [0.4, 1.0, 2.0]
    pq.write_table(pa.table({"filename": [1, 2]}), folder / "e.parquet")
    with pytest.raises(InvalidInputError, match="'filename' has different types in different parts"):
        ParquetSource([Location.parse(folder)], None).column("filename")


def test_files__are_sorted_by_path_however_they_are_named(folder: Path) -> None:
    source = ParquetSource(
        [Location.parse(folder / "c.parquet"), Location.parse(str(folder / "a.parquet"))], "embedding"
    )
    np.testing.assert_array_equal(load(source, np.arange(41), normalize=False), X)


def test_blocks__a_bad_row_is_a_fault_only_where_it_is_needed(tmp_path: Path) -> None:
    values: list[list[float] | None] = [row.tolist() for row in X[:9]]
    values[3], values[6] = None, [1.0]
    pq.write_table(pa.table({"embedding": pa.array(values, pa.list_(pa.float32()))}), tmp_path / "x.parquet")
    source = ParquetSource([Location.parse(tmp_path / "x.parquet")], "embedding")
    assert load(source, np.arange(9), normalize=False) == VectorFault(3, "the embedding is missing (null)")
    assert load(source, np.array([5, 6]), normalize=False) == VectorFault(
        6, "the embedding has 1 coordinates, the first row has 3"
    )
    good = np.array([0, 1, 2, 4, 5, 7, 8])
    np.testing.assert_array_equal(load(source, good, normalize=False), X[good])


def test_files__with_other_kinds_of_vectors(folder: Path) -> None:
    pq.write_table(table(X[:5].astype(np.float64)), folder / "d.parquet")
    fault = load(ParquetSource([Location.parse(folder)], "embedding"), np.arange(46), normalize=False)
    assert fault == VectorFault(41, "the embedding is stored as float64, those before it as float32")


def test_missing_columns__are_named_with_those_that_are_there(folder: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"a\.parquet' has no column 'vector', it has 'filename', 'embedding'"):
        ParquetSource([Location.parse(folder)], "vector")
    with pytest.raises(InvalidInputError, match="has no column 'id'"):
        ParquetSource([Location.parse(folder)], "embedding").column("id")


def test_unreadable_files__are_named(folder: Path) -> None:
    whole = (folder / "c.parquet").read_bytes()
    (folder / "c.parquet").write_bytes(whole[:-20])
    with pytest.raises(InvalidInputError, match=r"cannot read .*c\.parquet"):
        ParquetSource([Location.parse(folder)], "embedding")
    (folder / "c.parquet").write_text("")
    with pytest.raises(InvalidInputError, match=r"cannot read .*c\.parquet"):
        ParquetSource([Location.parse(folder)], "embedding")
    # A footer that promises pages which are not there.
    (folder / "c.parquet").write_bytes(b"PAR1" + bytes(200) + whole[204:])
    source = ParquetSource([Location.parse(folder)], "embedding")
    with pytest.raises(InvalidInputError, match=r"cannot read .*c\.parquet"):
        load(source, np.arange(41), normalize=False)


def test_files__that_change_meanwhile_are_refused(folder: Path) -> None:
    source = ParquetSource([Location.parse(folder)], "embedding")
    pq.write_table(table(X[:10]), folder / "a.parquet")
    with pytest.raises(InvalidInputError, match=r"a\.parquet' changed"):
        load(source, ROWS, normalize=False)


def test_no_rows_and_no_files(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no \.parquet file"):
        ParquetSource([Location.parse(tmp_path)], "embedding")
    pq.write_table(table(X[:0]), tmp_path / "b.parquet")
    with pytest.raises(InvalidInputError, match="there are no rows"):
        ParquetSource([Location.parse(tmp_path)], "embedding")

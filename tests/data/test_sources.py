import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightly_ray.data import vectors
from lightly_ray.data.location import Location
from lightly_ray.data.sources import ArraySource, NpySource, load
from lightly_ray.data.vectors import Layout, VectorFault
from lightly_ray.errors import InvalidInputError, NotFoundError

X = np.random.default_rng(0).normal(size=(23, 5)).astype(np.float32)
ROWS = np.array([0, 1, 2, 7, 11, 12, 22])


@pytest.mark.parametrize("block_bytes", [1, 50, 1 << 20])
@pytest.mark.parametrize("rows", [ROWS, np.arange(23), np.arange(4, 9), np.array([], dtype=np.int64)])
@pytest.mark.parametrize("form", ["plain", "fortran", "big-endian", "strided", "float16", "float64"])
def test_load__any_rows_of_any_array(
    form: str, rows: np.ndarray[Any, Any], block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "BLOCK_BYTES", block_bytes)
    forms = {
        "plain": X,
        "fortran": np.asfortranarray(X),
        "big-endian": X.astype(">f4"),
        "strided": np.repeat(X, 2, axis=0)[::2],
        "float16": X.astype(np.float16),
        "float64": X.astype(np.float64),
    }
    matrix = load(ArraySource(forms[form]), rows, normalize=False)
    assert isinstance(matrix, np.ndarray)
    assert matrix.flags.c_contiguous
    assert matrix.dtype.isnative
    np.testing.assert_array_equal(matrix, forms[form][rows])


def test_load__an_array_that_fits_is_not_copied() -> None:
    whole, run = (load(ArraySource(X), rows, normalize=False) for rows in (np.arange(23), np.arange(3, 8)))
    assert np.shares_memory(whole, X)
    assert np.shares_memory(run, X)


def test_load__into_places() -> None:
    places = np.array([3, 0, 6, 2, 5, 1, 4])
    matrix = load(ArraySource(X), ROWS, normalize=False, places=places)
    assert isinstance(matrix, np.ndarray)
    np.testing.assert_array_equal(matrix[places], X[ROWS])


def test_load__the_callers_array_is_never_changed() -> None:
    mine = X.copy()
    load(ArraySource(mine), np.arange(23), normalize=True)
    np.testing.assert_array_equal(mine, X)


@pytest.mark.parametrize("normalize", [False, True])
def test_load__bad_vectors_are_faults_where_they_are_needed(normalize: bool) -> None:
    bad = X.copy()
    bad[12, 3] = np.nan
    source = ArraySource(bad)
    for rows in (ROWS, np.arange(23), np.arange(9, 20)):
        fault = load(source, rows, normalize=normalize)
        assert isinstance(fault, VectorFault)
        assert fault.row == 12
    assert isinstance(load(source, np.arange(13, 20), normalize=normalize), np.ndarray)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(3, np.float32), r"shape \(N, D\), got \(3,\)"),
        (np.zeros((2, 3, 4), np.float32), r"got \(2, 3, 4\)"),
        (np.zeros((0, 3), np.float32), "there are no rows"),
        (np.zeros((3, 0), np.float32), "no coordinates"),
        (np.zeros((3, 2), np.int64), "must be float16, float32 or float64, got int64"),
        (np.zeros((3, 2), np.longdouble), "must be float16, float32 or float64"),
        (np.zeros((3, 2), object), "got object"),
    ],
)
def test_array_source__arrays_that_hold_no_embeddings(array: np.ndarray[Any, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        ArraySource(array)


def test_array_source__has_no_columns() -> None:
    with pytest.raises(InvalidInputError, match="an array has no column 'score'"):
        ArraySource(X).column("score")


def test_npy_source__is_mapped_and_sent_as_a_path(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    source = NpySource(Location.parse(tmp_path / "x.npy"))
    assert isinstance(source.array, np.memmap)
    sent = pickle.dumps(source)
    assert len(sent) < X.nbytes
    again = pickle.loads(sent)
    assert (again.count, again.layout) == (23, Layout(5, np.dtype(np.float32)))
    np.testing.assert_array_equal(load(again, ROWS, normalize=False), X[ROWS])


def test_npy_source__unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no file"):
        NpySource(Location.parse(tmp_path / "x.npy"))
    np.save(tmp_path / "x.npy", X)
    (tmp_path / "cut.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:-40])
    (tmp_path / "text.npy").write_text("no array")
    (tmp_path / "empty.npy").write_bytes(b"")
    np.save(tmp_path / "object.npy", np.array([["a"]], dtype=object), allow_pickle=True)
    with (tmp_path / "archive.npy").open("wb") as stream:
        np.savez(stream, x=X)
    for name in ("cut", "text", "empty", "object", "archive"):
        with pytest.raises(InvalidInputError, match=f"{name}.npy"):
            NpySource(Location.parse(tmp_path / f"{name}.npy"))

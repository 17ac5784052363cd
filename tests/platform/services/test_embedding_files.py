"""Embedding files: what is taken, in which order it is kept, and what is refused by name."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightly_ray.data.vectors import matrix
from lightly_ray.errors import InvalidInputError
from lightly_ray.platform.services.embedding_files import as_csv, convert
from tests.platform.served import csv_text

NAMES = ["a.png", "b.png", "c,d.png", 'e"f.png', "g.png"]
KNOWN = pa.array(NAMES, pa.large_string())
VECTORS = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


def parquet(path: Path, names: list[Any], vectors: pa.Array) -> Path:
    pq.write_table(pa.table({"filename": names, "embedding": vectors}), path, row_group_size=2)
    return path


def fixed(rows: np.ndarray) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel()), rows.shape[1])


def read(path: Path) -> tuple[list[str], np.ndarray]:
    table = pq.read_table(path)
    return table.column("filename").to_pylist(), matrix(table.column("embedding").combine_chunks())


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_parquet__mappings_order_and_the_same_numbers(tmp_path: Path, kind: type) -> None:
    order = [3, 0, 4, 1]
    rows: np.ndarray = VECTORS.astype(kind)
    source = parquet(tmp_path / "in", [NAMES[row] for row in order], fixed(rows[order]))
    facts = convert(source, "parquet", tmp_path / "out", KNOWN)
    names, found = read(tmp_path / "out")
    assert (facts.rows, facts.dimension) == (4, 3)
    assert names == [NAMES[row] for row in sorted(order)]
    assert found.dtype == kind
    np.testing.assert_array_equal(found, rows[sorted(order)])


def test_parquet__lists_of_one_length(tmp_path: Path) -> None:
    source = parquet(tmp_path / "in", NAMES, pa.array(VECTORS.tolist(), pa.list_(pa.float32())))
    convert(source, "parquet", tmp_path / "out", KNOWN)
    np.testing.assert_array_equal(read(tmp_path / "out")[1], VECTORS)


def test_csv__round_trip_with_odd_names(tmp_path: Path) -> None:
    rows = [
        [f'"{name.replace(chr(34), chr(34) * 2)}"', *map(str, row), "1"]
        for name, row in zip(NAMES, VECTORS, strict=True)
    ]
    header = ["filenames", "embedding_0", "embedding_1", "embedding_2", "labels"]
    text = "".join(",".join(line) + "\r\n" for line in [header, *rows])
    (tmp_path / "in").write_text(text)
    convert(tmp_path / "in", "csv", tmp_path / "out", KNOWN)
    names, found = read(tmp_path / "out")
    assert names == NAMES
    np.testing.assert_array_equal(found, VECTORS)
    (tmp_path / "again").write_bytes(b"".join(as_csv(tmp_path / "out")))
    convert(tmp_path / "again", "csv", tmp_path / "twice", KNOWN)
    assert pq.read_table(tmp_path / "twice").equals(pq.read_table(tmp_path / "out"))


BAD_CSV = {
    "empty": ("", "columns"),
    "header": (csv_text([], VECTORS[:0]), "no embeddings"),
    "columns": ("name,x\r\na.png,1\r\n", "columns"),
    "unknown": (csv_text(["a.png", "z.png"], VECTORS[:2]), "'z.png' is no sample"),
    "twice": (csv_text(["a.png", "b.png", "a.png"], VECTORS[:3]), "'a.png' has more than one"),
    "nan": (csv_text(["a.png", "b.png"], np.array([[1, 2], [3, np.nan]])), "'b.png': the embedding has a NaN"),
    "overflow": (csv_text(["a.png"], np.array([[1e39, 2]])), "'a.png': the embedding has a NaN or an inf"),
    "hole": ("filenames,embedding_0,labels\r\na.png,,0\r\n", "cannot be read as csv"),
    "text": ("filenames,embedding_0,labels\r\na.png,many,0\r\n", "cannot be read as csv"),
    "short": ("filenames,embedding_0,embedding_1,labels\r\na.png,1\r\n", "cannot be read as csv"),
    "binary": ("\x00\x01\x02", "columns"),
}


@pytest.mark.parametrize("case", BAD_CSV)
def test_csv__refused(tmp_path: Path, case: str) -> None:
    text, message = BAD_CSV[case]
    (tmp_path / "in").write_text(text)
    with pytest.raises(InvalidInputError, match=message) as caught:
        convert(tmp_path / "in", "csv", tmp_path / "out", KNOWN)
    assert caught.value.code in {"EMBEDDING_INVALID", "EMBEDDING_ROW_COUNT_INVALID"}


BAD_PARQUET: dict[str, tuple[list[Any], pa.Array, str]] = {
    "ragged": (["a.png", "b.png"], pa.array([[1.0, 2.0], [1.0]]), "'b.png'"),
    "missing": (["a.png", "b.png"], pa.array([[1.0, 2.0], None]), "'b.png'"),
    "hole": (
        ["a.png", "b.png"],
        pa.array([[1.0, None], [1.0, 2.0]]),
        "coordinate that is missing",
    ),
    "integers": (["a.png"], pa.array([[1, 2]]), "float64, got int64"),
    "numbers": (["a.png"], pa.array([1.5]), "got double"),
    "no length": (["a.png"], pa.array([[]], pa.list_(pa.float32())), "have no coordinates"),
    "no rows": ([], pa.array([], pa.list_(pa.float32())), "no embeddings"),
    "far twice": ([*NAMES, "a.png"], fixed(np.vstack([VECTORS, VECTORS[:1]])), "'a.png' has more than one"),
    "null name": (["a.png", None], pa.array([[1.0], [2.0]]), "no sample"),
}


@pytest.mark.parametrize("case", BAD_PARQUET)
def test_parquet__refused(tmp_path: Path, case: str) -> None:
    names, vectors, message = BAD_PARQUET[case]
    source = parquet(tmp_path / "in", names, vectors)
    with pytest.raises(InvalidInputError, match=message):
        convert(source, "parquet", tmp_path / "out", KNOWN)


@pytest.mark.parametrize("content", [b"", b"PAR1 and no more", b"x" * 1000])
def test_parquet__not_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "in").write_bytes(content)
    with pytest.raises(InvalidInputError, match="cannot be read as parquet"):
        convert(tmp_path / "in", "parquet", tmp_path / "out", KNOWN)


def test_convert__twice_in_different_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lightly_ray.platform.services.embedding_files._BATCH_ROWS", 2)
    source = parquet(tmp_path / "in", ["a.png", "b.png", "g.png", "a.png"], fixed(VECTORS[[0, 1, 2, 0]]))
    with pytest.raises(InvalidInputError, match=r"'a.png' has more than one"):
        convert(source, "parquet", tmp_path / "out", KNOWN)


def test_convert__batches_of_other_width(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lightly_ray.platform.services.embedding_files._BATCH_ROWS", 2)
    source = parquet(tmp_path / "in", NAMES, pa.array([[1.0, 2.0]] * 3 + [[1.0, 2.0, 3.0]] * 2))
    with pytest.raises(InvalidInputError, match="has 3 coordinates, the first row has 2"):
        convert(source, "parquet", tmp_path / "out", KNOWN)

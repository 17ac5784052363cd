"""The CSV format of embeddings, and the Parquet table that is sent instead."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from lightly_ray.api.api_workflow_upload_embeddings import (
    LabelledEmbeddings,
    _check,
    _table,
    read_embeddings_csv,
    write_embeddings_csv,
)
from lightly_ray.data.embedding_csv import read_csv, write_csv
from lightly_ray.errors import InvalidInputError

TEXT = b"""filenames,embedding_0,embedding_1,labels
b.png,0.1,-2.0,1
a/x.png,1e-7,3.5,0
c.png,4.0,5.25,7
"quoted ""name"", with a comma.png",0.5,1.0,0
"""
NAMES = ["b.png", "a/x.png", "c.png", 'quoted "name", with a comma.png']


def test_csv__comes_back_as_it_went_to_the_byte(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_bytes(TEXT)
    assert b"".join(write_csv(read_csv(tmp_path / "e.csv", "it"), 2)) == TEXT
    embeddings = read_embeddings_csv(tmp_path / "e.csv")
    assert (embeddings.filenames, embeddings.labels) == (NAMES, ["1", "0", "7", "0"])
    expected = np.array([[0.1, -2.0], [1e-7, 3.5], [4.0, 5.25], [0.5, 1.0]], dtype=np.float32)
    np.testing.assert_array_equal(embeddings.embeddings, expected)
    write_embeddings_csv(tmp_path / "again.csv", embeddings)
    assert (tmp_path / "again.csv").read_bytes() == TEXT


def test_csv__lines_of_published_clients_end_in_cr_lf(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_bytes(TEXT.replace(b"\n", b"\r\n"))
    assert read_embeddings_csv(tmp_path / "e.csv").labels == ["1", "0", "7", "0"]


def test_csv__columns_in_any_order_and_without_labels(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("embedding_0,filenames,embedding_1\n1,x.png,2\n")
    found = read_embeddings_csv(tmp_path / "e.csv")
    assert (found.filenames, found.labels) == (["x.png"], ["0"])
    assert found.embeddings.tolist() == [[1, 2]]


def test_csv__coordinate_k_is_the_column_of_that_number(tmp_path: Path) -> None:
    order = sorted(range(12), key=str)  # as Spark and pivots write them: 0, 1, 10, 11, 2, ...
    header = ",".join(["filenames", "embedding_model", *(f"embedding_{axis}" for axis in order)])
    (tmp_path / "e.csv").write_text("\n".join([header, "x.png,resnet," + ",".join(map(str, order)), ""]))
    assert read_embeddings_csv(tmp_path / "e.csv").embeddings.tolist() == [list(range(12))]


def test_csv__marks_empty_lines_and_any_locale(tmp_path: Path) -> None:
    text = "\ufeff\nfilenames,embedding_0\r\n\r\nküche.png,1\r\n\r\n日.png,2\r\n\r\n"
    (tmp_path / "e.csv").write_bytes(text.encode())
    code = (
        "import sys; from lightly_ray.api.api_workflow_upload_embeddings import *;"
        "t = read_embeddings_csv(sys.argv[1]); print(ascii(t.filenames)); write_embeddings_csv(sys.argv[2], t)"
    )
    env = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-c", code, str(tmp_path / "e.csv"), str(tmp_path / "again.csv")]
    said = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    assert said.strip() == ascii(["küche.png", "日.png"])
    assert (tmp_path / "again.csv").read_text("utf-8").splitlines()[1] == "küche.png,1.0,0"


def test_write_csv__a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_bytes(TEXT)
    table = LabelledEmbeddings(["x\ud800"], np.ones((1, 2)), ["0"])
    with pytest.raises(UnicodeEncodeError):
        write_embeddings_csv(tmp_path / "e.csv", table)
    assert [path.name for path in tmp_path.iterdir()] == ["e.csv"]
    assert (tmp_path / "e.csv").read_bytes() == TEXT


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has not the columns filenames"),
        ("filenames,labels\nx,0\n", "has not the columns filenames, embedding_0"),
        ("filenames,embedding_0,embedding_2\nx,1,2\n", "has not the columns filenames, embedding_0"),
        ("filenames,embedding_0\nx,1\ny\n", "cannot be read as csv: line 3: "),
        ("filenames,embedding_0\n\nx,one\n", "cannot be read as csv: line 3: .*one"),
        ("filenames,embedding_0\nx,1\ny,nan\n", "1 embeddings have non-finite values, the first is of 'y'"),
        ("filenames,embedding_0\nx,1\ny,2\nx,3\n", "file name 'x' has more than one embedding"),
        ("filenames,embedding_0\n", "has no embeddings"),
    ],
)
def test_csv__bad_files(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "e.csv").write_text(text)
    with pytest.raises(InvalidInputError, match=message):
        read_embeddings_csv(tmp_path / "e.csv")


@pytest.mark.parametrize(
    ("dtype", "stored"), [("float16", "float"), ("float32", "float"), ("int64", "float"), ("float64", "double")]
)
def test_table__keeps_rows_and_says_what_made_them(dtype: str, stored: str) -> None:
    values = np.arange(12).reshape(4, 3).astype(dtype)
    table = _table(LabelledEmbeddings(["d", "b", "a", "c"], values, ["0"] * 4), {"descriptor": "abc"})
    assert table.schema.field("embedding").type == pa.list_(getattr(pa, f"float{32 if stored == 'float' else 64}")(), 3)
    assert table["filename"].to_pylist() == ["d", "b", "a", "c"]
    assert table["embedding"].to_pylist() == values.tolist()
    assert json.loads(table.schema.metadata[b"lightly_ray"]) == {"descriptor": "abc"}


def test_table__transposed_memory_is_not_mixed_up() -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3).T
    assert (
        _table(LabelledEmbeddings(["a", "b", "c"], values, ["0"] * 3), None)["embedding"].to_pylist() == values.tolist()
    )


@pytest.mark.parametrize("shape", [(2, 3), (3,), (3, 0), (3, 1, 2)])
def test_check__shapes_that_do_not_fit(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInputError, match="3 file names for embeddings of shape"):
        _check(["a", "b", "c"], np.zeros(shape))

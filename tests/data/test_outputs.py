"""Outputs appear whole or not at all, and are recognised later."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightly_ray.data.location import Location
from lightly_ray.data.outputs import ParquetOutput, finished, require_writable
from lightly_ray.errors import ConflictError, InvalidInputError

TABLE = pa.table({"filename": ["a", "b", "c"], "score": [0.1, 0.2, 0.3]})


def _write(path: Path, made_from: dict[str, object]) -> None:
    with ParquetOutput(Location.parse(path), TABLE.schema) as output:
        output.write(TABLE.slice(0, 1))
        output.write(TABLE.slice(1))
        output.describe(made_from, {"rows": 3})


def test_parquet_output__holds_all_rows_and_its_story(tmp_path: Path) -> None:
    path = tmp_path / "new" / "out.parquet"
    assert finished(Location.parse(path), {"seed": 1}) is None
    _write(path, {"seed": 1})
    assert pq.read_table(path).to_pylist() == TABLE.to_pylist()
    assert finished(Location.parse(path), {"seed": 1}) == {"rows": 3}


def test_parquet_output__an_error_leaves_nothing(tmp_path: Path) -> None:
    def break_off() -> None:
        with ParquetOutput(Location.parse(tmp_path / "out.parquet"), TABLE.schema) as output:
            output.write(TABLE)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    assert list(tmp_path.iterdir()) == []


def test_parquet_output__is_invisible_until_complete(tmp_path: Path) -> None:
    with ParquetOutput(Location.parse(tmp_path / "out.parquet"), TABLE.schema) as output:
        output.write(TABLE)
        assert not (tmp_path / "out.parquet").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]


def test_finished__other_settings_are_named(tmp_path: Path) -> None:
    _write(tmp_path / "out.parquet", {"seed": 1, "n_samples": 5})
    with pytest.raises(ConflictError, match=r"\(seed=1 then, 2 now\)"):
        finished(Location.parse(tmp_path / "out.parquet"), {"seed": 2, "n_samples": 5})


@pytest.mark.parametrize("content", ["other", "parquet"])
def test_finished__a_strange_file_is_kept(tmp_path: Path, content: str) -> None:
    path = tmp_path / "out.parquet"
    if content == "parquet":
        pq.write_table(TABLE, path)
    else:
        path.write_text("my thesis")
    before = path.read_bytes()
    with pytest.raises(ConflictError, match="was not made by this job"):
        finished(Location.parse(path), {})
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", ["its parent is a file", "its folder is read-only"])
def test_finished__an_output_that_cannot_be_written_is_found_before_the_work(tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir(mode=0o500)
    place = tmp_path / ("file" if "file" in kind else "folder") / "new" / "out.parquet"
    if "read-only" in kind and os.access(tmp_path / "folder", os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.raises(InvalidInputError, match=r"output '.*out\.parquet' cannot be written: "):
        finished(Location.parse(place), {})


def test_require_writable__leaves_nothing(tmp_path: Path) -> None:
    require_writable(Location.parse(tmp_path / "a" / "b" / "out.parquet"))
    assert list(tmp_path.iterdir()) == []


def test_parquet_output__a_full_disk_is_one_error_and_leaves_nothing(tmp_path: Path) -> None:
    table = pa.table({"filename": [os.urandom(40).hex() for _ in range(20_000)]})
    code = """
import pyarrow as pa, resource, signal, sys
from lightly_ray.data.location import Location
from lightly_ray.data.outputs import ParquetOutput
from lightly_ray.errors import InvalidInputError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
table = pa.ipc.open_stream(sys.stdin.buffer).read_all()
try:
    with ParquetOutput(Location.parse(sys.argv[1]), table.schema) as output:
        output.write(table)
except InvalidInputError as error:
    print(error)
"""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    for limit in ("100", "700000"):  # at the first bytes; in the middle
        command = [sys.executable, "-c", code, str(tmp_path / "out.parquet"), limit]
        said = subprocess.run(command, input=sink.getvalue().to_pybytes(), capture_output=True, check=True).stdout
        assert b"out.parquet' cannot be written: " in said
        assert list(tmp_path.iterdir()) == []

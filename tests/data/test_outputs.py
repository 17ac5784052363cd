"""Outputs appear whole or not at all, and are recognised later."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightly_ray.data.location import Location
from lightly_ray.data.outputs import ParquetOutput, finished
from lightly_ray.errors import ConflictError

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

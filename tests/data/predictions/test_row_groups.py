"""Pieces of Parquet files: cut by the footers alone, read back whole."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightly_ray.data.location import Location
from lightly_ray.data.predictions import row_groups
from lightly_ray.data.predictions.row_groups import cut, read
from lightly_ray.errors import InvalidInputError, UnreadableError

HERE = Location.parse(".")
TABLE = pa.table({"filename": [f"{row:02}" for row in range(41)], "p": np.arange(82.0).reshape(41, 2).tolist()})


def _names(names: Sequence[str]) -> list[str]:
    if "p" not in names:
        raise InvalidInputError("p is missing")
    return ["filename", "p"]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """41 rows in row groups of 6, 6, 2, then none, then 27 rows in groups of 20 and 7."""
    paths = [str(tmp_path / name) for name in ("a.parquet", "b.parquet", "c.parquet")]
    pq.write_table(TABLE.slice(0, 14), paths[0], row_group_size=6)
    pq.write_table(TABLE.slice(14, 0), paths[1])
    pq.write_table(TABLE.slice(14), paths[2], row_group_size=20)
    return paths


def _spans(pieces: list[pa.Table]) -> list[list[tuple[str, int, int, int]]]:
    return [
        [(Path(one["path"]).stem, one["first"], one["stop"], one["rows"]) for one in piece.to_pylist()]
        for piece in pieces
    ]


def test_cut__by_hand(files: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert _spans(cut(HERE, files, _names)) == [[("a", 0, 3, 14), ("c", 0, 2, 27)]]
    monkeypatch.setattr(row_groups, "PIECE_ROWS", 12)
    assert _spans(cut(HERE, files, _names)) == [
        [("a", 0, 2, 12)],
        [("a", 2, 3, 2)],
        [("c", 0, 1, 20)],
        [("c", 1, 2, 7)],
    ]
    monkeypatch.setattr(row_groups, "PIECE_ROWS", 22)
    assert _spans(cut(HERE, files, _names)) == [[("a", 0, 3, 14)], [("c", 0, 1, 20)], [("c", 1, 2, 7)]]
    monkeypatch.setattr(row_groups, "PIECE_BYTES", 1)
    assert _spans(cut(HERE, files, _names))[:2] == [[("a", 0, 1, 6)], [("a", 1, 2, 6)]]


@pytest.mark.parametrize(("rows", "batch_rows", "batch_bytes"), [(1, 8192, 1 << 24), (22, 4, 1 << 24), (99, 8192, 1)])
def test_read__all_rows_in_order_a_few_at_a_time(
    rows: int, batch_rows: int, batch_bytes: int, files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_groups, "PIECE_ROWS", rows)
    monkeypatch.setattr(row_groups, "_BATCH_ROWS", batch_rows)
    monkeypatch.setattr(row_groups, "_BATCH_BYTES", batch_bytes)
    tables = [table for piece in cut(HERE, files, _names) for table in read(piece, HERE, _names)]
    assert pa.concat_tables(tables).equals(TABLE)
    assert max(map(len, tables)) == {1: 20, 22: 4, 99: 1}[rows]


def test_read__files_without_rows(files: list[str]) -> None:
    (piece,) = cut(HERE, files[1:2], _names)
    (table,) = read(piece, HERE, lambda _: ["p"])
    assert (table.num_rows, table.column_names) == (0, ["p"])


def test_read__a_file_that_changed(files: list[str]) -> None:
    (piece,) = cut(HERE, files, _names)
    pq.write_table(TABLE.slice(0, 13), files[0], row_group_size=6)
    with pytest.raises(InvalidInputError, match=r"a\.parquet' changed while it was being read"):
        list(read(piece, HERE, _names))


def test_cut__a_file_without_the_column(files: list[str]) -> None:
    pq.write_table(TABLE.select(["filename"]), files[2])
    with pytest.raises(InvalidInputError, match="p is missing"):
        cut(HERE, files, _names)


def test_cut_and_read__broken_files_are_named(files: list[str]) -> None:
    (piece,) = cut(HERE, files, _names)
    whole = Path(files[2]).read_bytes()
    Path(files[2]).write_bytes(whole[:4] + b"\xff" * 100 + whole[104:])
    with pytest.raises(UnreadableError, match=r"cannot read '.*c\.parquet' as Parquet"):
        list(read(piece, HERE, _names))
    Path(files[2]).write_bytes(whole[:-50])
    with pytest.raises(UnreadableError, match=r"cannot read '.*c\.parquet' as Parquet"):
        cut(HERE, files, _names)

"""Parts of an output: kept whole or not, gone on with, read back the same however time cut them."""

import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightly_ray.data import resumable_output as module
from lightly_ray.data.location import Location
from lightly_ray.data.resumable_output import ResumableOutput, finished_part, part_output, remove_parts, whole_output
from lightly_ray.errors import ConflictError

TABLE = pa.table({"filename": [f"{row}.jpg" for row in range(11)], "score": np.arange(11, dtype=np.float32) / 7})
MADE_FROM = {"job": "score", "seed": 3}


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Location:
    monkeypatch.setattr(module, "PART_ROWS", 4)
    monkeypatch.setattr(module, "TABLE_ROWS", 3)
    return Location.parse(tmp_path / "new" / "scores.parquet")


def _stored(output: Location) -> list[str]:
    return sorted(path.name for path in Path(f"{output}.parts").iterdir())


@pytest.mark.parametrize("cuts", [(), (11,), (1,), (2, 3, 9), (4, 8), (5, 6, 7)])
def test_parts__give_the_same_tables_however_they_were_cut(cuts: tuple[int, ...], output: Location) -> None:
    for first, stop in itertools.pairwise(sorted({0, 11, *cuts})):
        parts = ResumableOutput(output, MADE_FROM)  # each time another run
        assert parts.rows == first
        for row in range(first, stop):
            parts.add(TABLE.slice(row, 1))
        parts.write()
    tables = list(ResumableOutput(output, MADE_FROM).tables())
    assert [len(table) for table in tables] == [3, 3, 3, 2]
    assert pa.concat_tables(tables).equals(TABLE)
    assert all(column.num_chunks == 1 for table in tables for column in table.columns)
    (scores,) = {table.column_names[0] for table in ResumableOutput(output, MADE_FROM).tables(["score"])}
    assert scores == "score"


def test_parts__are_written_when_there_are_many_rows(output: Location) -> None:
    parts = ResumableOutput(output, MADE_FROM)
    for start in (0, 3, 6, 9):
        parts.add(TABLE.slice(start, 3))
    assert _stored(output) == ["000000000000.parquet", "000000000006.parquet"]
    assert ResumableOutput(output, MADE_FROM).rows == parts.rows == 11


def test_parts__are_written_after_some_time(output: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART_SECONDS", 0.0)
    parts = ResumableOutput(output, MADE_FROM)
    for start in (0, 2, 5):
        parts.add(TABLE.slice(start, 2))
    assert _stored(output) == [f"{start:012}.parquet" for start in (0, 2, 4)]


def test_parts__not_written_are_lost_with_their_run(output: Location) -> None:
    parts = ResumableOutput(output, MADE_FROM)
    parts.add(TABLE.slice(0, 4))
    parts.add(TABLE.slice(4, 3))
    assert parts.rows == ResumableOutput(output, MADE_FROM).rows == 4


def test_parts__behind_a_gap_do_not_count(output: Location) -> None:
    for start, rows in ((0, 4), (5, 4)):
        with part_output(output, start, TABLE.schema) as part:
            part.write(TABLE.slice(start, rows))
            part.describe(MADE_FROM, {"rows": rows, "facts": {}})
    assert ResumableOutput(output, MADE_FROM).rows == 4


def test_parts__the_first_rows_decide_the_types(output: Location) -> None:
    ResumableOutput(output, MADE_FROM).add(TABLE.slice(0, 4))
    parts = ResumableOutput(output, MADE_FROM)
    wider = TABLE.slice(4).cast(pa.schema([("filename", pa.large_string()), ("score", pa.float64())]))
    parts.add(wider)
    assert pa.concat_tables(parts.tables()).equals(TABLE)


def test_parts__of_other_settings_are_refused_by_folder(output: Location) -> None:
    ResumableOutput(output, MADE_FROM).add(TABLE)
    with pytest.raises(ConflictError, match=r"\(seed=3 then, 4 now\); .* delete the folder '.*scores\.parquet\.parts'"):
        ResumableOutput(output, {**MADE_FROM, "seed": 4})
    assert ResumableOutput(output, MADE_FROM).rows == 11


def test_parts__another_run_at_the_same_time_is_told(output: Location) -> None:
    mine, other = ResumableOutput(output, MADE_FROM), ResumableOutput(output, MADE_FROM)
    mine.add(TABLE.slice(0, 5))
    other.add(TABLE.slice(0, 7))
    mine.add(TABLE.slice(5))
    with pytest.raises(ConflictError, match="another run of this job writes"):
        list(mine.tables())
    remove_parts(output)  # as the other does at its end
    with pytest.raises(ConflictError, match="another run of this job writes"):
        list(mine.tables())


def test_remove_parts__takes_what_killed_runs_left(output: Location) -> None:
    remove_parts(output)  # nothing there
    ResumableOutput(output, MADE_FROM).add(TABLE)
    part_output(output, 11, TABLE.schema).__enter__()  # killed before its end
    whole_output(output, TABLE.schema).__enter__()
    assert len(_stored(output)) == 3
    assert finished_part(output, 11, MADE_FROM) is None
    remove_parts(output)
    assert list(Path(output).parent.iterdir()) == []


def test_whole_output__stands_where_it_belongs(output: Location) -> None:
    with whole_output(output, TABLE.schema) as whole:
        whole.write(TABLE)
    assert pq.read_table(output).equals(TABLE)
    assert _stored(output) == []

"""Parquet from strangers: small files that stand for much, types that run code, footers that end a process."""

import io
import random
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightly_ray.data.hostile_parquet import require_plain_types, require_small_texts, require_values
from lightly_ray.data.parquet_footer import values_by_column
from lightly_ray.errors import InvalidInputError, TooLargeError, UnreadableError

TABLE = pa.table(
    {
        "filename": [f"{letter}.png" for letter in "abcde"],
        "label": pa.array([1, None, 2, 3, 4], pa.int64()),
        "boxes": [[{"name": "cat", "at": [1.5, 2.5]}], [], None, [{"name": "dog", "at": [0.5]}] * 2, []],
    }
)


def content(table: pa.Table, **options: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


@pytest.mark.parametrize("options", [{}, {"row_group_size": 2}, {"compression": "none", "version": "1.0"}])
def test_values__as_arrow_counts_them(options: dict[str, object]) -> None:
    stored = content(TABLE, **options)
    metadata = pq.ParquetFile(io.BytesIO(stored)).metadata
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    chunks = [group.column(place) for group in groups for place in range(group.num_columns)]
    counts = values_by_column(io.BytesIO(stored), "it")
    assert dict(counts) == {
        name: sum(it.num_values for it in chunks if it.path_in_schema.split(".")[0] == name) for name in counts
    }
    assert counts.total() == sum(it.num_values for it in chunks)
    require_values(io.BytesIO(stored), "it", counts.total())
    with pytest.raises(TooLargeError, match=f"it unpacks to {counts.total()} values, at most"):
        require_values(io.BytesIO(stored), "it", counts.total() - 1)


def test_values__of_a_damaged_footer_are_an_error_or_numbers() -> None:
    stored, chance, damaged = content(TABLE), random.Random(1), 0
    size = int.from_bytes(stored[-8:-4], "little")
    for _ in range(4_000):
        changed = bytearray(stored)
        for _ in range(chance.choice([1, 3])):
            changed[chance.randrange(len(stored) - 8 - size, len(stored))] = chance.randrange(256)
        try:
            values_by_column(io.BytesIO(bytes(changed)), "it")
        except UnreadableError:
            damaged += 1
    assert 400 < damaged < 4_000


@pytest.mark.parametrize(
    "stored", [b"", b"PAR1", b"PAR1\xff\xff\xff\x7fPAR1", b"PAR1" + b"\x1c" * 99 + b"\x63\0\0\0PAR1"]
)
def test_values__of_no_parquet(stored: bytes) -> None:
    with pytest.raises(UnreadableError, match="it cannot be read as parquet: its footer is damaged"):
        values_by_column(io.BytesIO(stored), "it")


def test_small_texts__by_hand() -> None:
    def check(**limits: int) -> None:
        stored = content(TABLE)
        require_small_texts(pq.ParquetFile(io.BytesIO(stored)), io.BytesIO(stored), "it", **limits)

    check(longest=5, together=5 * 5 + 3 * 3)
    with pytest.raises(TooLargeError, match="it: a text has 5 bytes, at most 4 fit"):
        check(longest=4, together=100)
    with pytest.raises(TooLargeError, match="it: the texts unpack to more than 33 bytes"):
        check(longest=5, together=33)


def test_small_texts__a_text_that_is_written_once_and_meant_a_million_times() -> None:
    texts = pa.DictionaryArray.from_arrays(pa.array(np.zeros(1_000_000, np.int32)), ["x" * 2**20])
    stored = content(pa.table({"filename": texts}), compression="zstd")
    assert len(stored) < 20_000
    before = pa.total_allocated_bytes()
    pool = pa.default_memory_pool()
    with pytest.raises(TooLargeError, match="the texts unpack to more than"):
        require_small_texts(pq.ParquetFile(io.BytesIO(stored)), io.BytesIO(stored), "it")
    assert pa.total_allocated_bytes() - before < 2**24
    assert (pool.max_memory() or 0) < 2**30


@pytest.mark.parametrize("wrap", [lambda it: it, pa.list_, lambda it: pa.struct([("inner", it)])])
def test_plain_types__extensions_are_refused(wrap: Callable[[pa.DataType], pa.DataType]) -> None:
    schema = pa.schema([("a", pa.int64()), ("b", wrap(pa.bool8()))])
    with pytest.raises(InvalidInputError, match=r"it: the column 'b' has the extension type 'arrow\.bool8'"):
        require_plain_types(schema, "it")
    require_plain_types(pa.schema([("v", pa.fixed_shape_tensor(pa.float32(), (3,)))]), "it")


def test_plain_types__a_type_that_nobody_knows_here_is_a_note_on_its_storage() -> None:
    field = pa.field("b", pa.int64(), metadata={"ARROW:extension:name": "somebody.runs"})
    stored = content(pa.table([[1]], schema=pa.schema([field])))
    with pytest.raises(InvalidInputError, match=r"the column 'b' has the extension type 'somebody\.runs'"):
        require_plain_types(pq.ParquetFile(io.BytesIO(stored)).schema_arrow, "it")

"""Files that strangers upload, damaged in every way: they are read, or one of our errors says why not."""

import io
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lightly_ray.bitmask import BitMask
from lightly_ray.data.predictions.packed import read_packed, write_packed
from lightly_ray.data.predictions.table import checked
from lightly_ray.errors import InvalidInputError, LightlyRayError, TooLargeError
from lightly_ray.parallel.selection.prediction_inputs import read_predictions
from lightly_ray.platform import limits
from lightly_ray.platform.services.embedding_files import Format, convert
from lightly_ray.platform.services.predictions import _parsed

NAMES = [f"{letter}.png" for letter in "abcdefg"]
KNOWN = pa.array(NAMES, pa.large_string())
MIB = 2**20


def parquet(table: pa.Table, **options: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def packed() -> bytes:
    out = io.BytesIO()
    table = pa.table({"filename": NAMES, "probabilities": [[0.25, 0.75]] * 7})
    write_packed(checked("classification", table, "it", ("a", "b")), out)
    return out.getvalue()


def embeddings(kind: Format, folder: Path, stored: bytes, known: pa.LargeStringArray = KNOWN) -> None:
    (folder / "in").write_bytes(stored)
    convert(folder / "in", kind, folder / "out", known)


def named_predictions(_folder: Path, stored: bytes) -> None:
    given_ones = read_packed(io.BytesIO(stored), "it", limits.PREDICTIONS_VALUES)
    checked(given_ones.task, given_ones.table, "it", given_ones.classes)


def predictions(_folder: Path, stored: bytes) -> None:
    read_predictions(_parsed(stored), "filename")


VECTORS = pa.table({"filename": NAMES, "embedding": [[1.0, -2.5, 1e-3]] * 7, "label": ["cat"] * 7})
LINES = [f"{name},{row}.5,-1e-3,cat\n" for row, name in enumerate(NAMES)]
CSV = "filenames,embedding_0,embedding_1,labels\n" + "".join(LINES)
CLASSES = pa.array([0, 1, None, 0, 1, 0, 1])
LABELLED = pa.table({"filename": NAMES, "probabilities": [[0.25, 0.75]] * 7, "label": CLASSES})
READERS: dict[str, tuple[Callable[[Path, bytes], None], bytes]] = {
    "embeddings as CSV": (partial(embeddings, "csv"), CSV.encode()),
    "embeddings as Parquet": (partial(embeddings, "parquet"), parquet(VECTORS)),
    "embeddings as plain Parquet": (
        partial(embeddings, "parquet"),
        parquet(VECTORS, compression="none", use_dictionary=False),
    ),
    "predictions": (predictions, parquet(LABELLED)),
    "named predictions": (named_predictions, packed()),
}
Change = tuple[str, int, bytes]
changes = st.lists(
    st.tuples(st.sampled_from(["put", "set", "cut", "end", "twice"]), st.integers(0, 9_999), st.binary(max_size=6)),
    min_size=1,
    max_size=5,
)


def changed(stored: bytes, what: list[Change]) -> bytes:
    """A file with some places damaged; a place counts from the end as often as from the start."""
    for kind, number, some in what:
        at = number % (len(stored) + 1)
        head, tail = stored[:at], stored[at:]
        stored = {
            "put": head + some + tail,
            "set": head + some + tail[len(some) :],
            "cut": head + tail[1 + len(some) :],
            "end": head,
            "twice": head + tail[:30] + tail,
        }[kind]
    return stored


@pytest.mark.parametrize("name", READERS)
def test_damaged__is_read_or_one_of_our_errors(name: str, tmp_path: Path) -> None:
    read, stored = READERS[name]
    read(tmp_path, stored)
    refused = 0

    @settings(max_examples=400, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @example([("set", len(stored) - 20, b"\xff")])
    @given(changes)
    def _try(what: list[Change]) -> None:
        nonlocal refused
        try:
            read(tmp_path, changed(stored, what))
        except LightlyRayError:
            refused += 1

    _try()
    assert refused > 100


def test_parquet__of_a_few_bytes_that_is_gigabytes_takes_little_memory(tmp_path: Path) -> None:
    zeros = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(1_000 * 50_000, np.float32)), 50_000)
    names = [f"{row:04d}.png" for row in range(1_000)]
    stored = parquet(pa.table({"filename": names, "embedding": zeros.cast(pa.list_(pa.float32()))}), compression="zstd")
    del zeros
    assert len(stored) < MIB
    pool = pa.default_memory_pool()
    pool.release_unused()
    before = pa.total_allocated_bytes()
    with pytest.raises(InvalidInputError, match="the file has 1,000 rows, the dataset has 7 samples"):
        embeddings("parquet", tmp_path, stored)
    peak = _Peak()
    known = pa.array(names, pa.large_string())
    with peak:
        embeddings("parquet", tmp_path, stored, known)
    assert peak.bytes - before < 160 * MIB


@pytest.mark.parametrize(
    ("columns", "error"),
    [
        ({"embedding": [[0.5] * (limits.EMBEDDING_WIDTH + 1)]}, "at most 65,536 coordinates"),
        ({"embedding": [[0.5]], "label": ["x" * 5_000]}, "a text has 5,000 bytes"),
        ({"embedding": [[0.5]], "filename": ["x" * 5_000]}, "a text has 5,000 bytes"),
    ],
)
def test_parquet__more_than_is_taken(tmp_path: Path, columns: dict[str, object], error: str) -> None:
    with pytest.raises(TooLargeError, match=error):
        embeddings("parquet", tmp_path, parquet(pa.table({"filename": ["a.png"], **columns})))


@pytest.mark.parametrize(
    "header", ["filenames," + "x" * 3 * MIB, "filenames,embedding_" + "9" * 5_000, f'filenames,"{"y" * 200_000}"', "\0"]
)
def test_csv__headers_of_absurd_size(tmp_path: Path, header: str) -> None:
    with pytest.raises(InvalidInputError):
        embeddings("csv", tmp_path, f"{header}\na.png,1.5\n".encode())


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(st.one_of(st.text(max_size=20), st.from_regex(r"0[xX][0-9a-fA-F_+\-g ]{0,20}", fullmatch=True)))
def test_mask__is_read_or_one_of_our_errors(text: str) -> None:
    try:
        mask = BitMask.from_hex(text)
    except LightlyRayError:
        return
    assert BitMask.from_hex(mask.to_hex()) == mask
    assert int(text, 16) == mask.value


class _Peak:
    """The most that Arrow has held while a block ran, looked at from a thread."""

    def __enter__(self) -> None:
        self.bytes, self._ending = 0, threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ending.wait(0.001):
            self.bytes = max(self.bytes, pa.total_allocated_bytes())

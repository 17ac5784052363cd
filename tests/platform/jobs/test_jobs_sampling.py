"""A pinned selection: the same result whether the embedding is read here or left to the shards, on disk or in S3."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightly_ray.bitmask import BitMask
from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel.selection.select import select
from lightly_ray.platform.jobs import sampling
from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.ids import new_id

NAMES = [f"{number:03d}.png" for number in range(90)]
# On a grid: masses of equal distances, so the order of rows decides.
VECTORS = np.random.default_rng(1).integers(0, 3, size=(90, 5)).astype(np.float32)
SCORES = np.random.default_rng(2).random(60)
QUERY, BEFORE = range(10, 70), [2, 15, 80]
# In which order the file has which rows. Strays: those that count are in order, others stand anywhere.
ROWS = {
    "all": list(range(90)),
    "some": [*range(5, 85), 2],
    "reversed": list(range(89, -1, -1)),
    "strays": [88, 2, *range(10, 70), 80, 5, 0],
}


@pytest.fixture(params=["local", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "local":
        return Blobs(str(tmp_path / "blobs"))
    endpoint: str = request.getfixturevalue("s3_endpoint")
    return Blobs(f"s3://images/{new_id()}", endpoint)


def stored(blobs: Blobs, rows: list[int]) -> str:
    """The key of a file with the embeddings of these rows, in this order."""
    flat = pa.array(VECTORS[rows].ravel())
    table = pa.table(
        {"filename": [NAMES[row] for row in rows], "embedding": pa.FixedSizeListArray.from_arrays(flat, 5)}
    )
    file = io.BytesIO()
    pq.write_table(table, file)
    file.seek(0)
    blobs.put(key := f"embeddings/{new_id()}.parquet", file)
    return key


def pinned(blobs: Blobs, rows: list[int], method: str) -> dict[str, Any]:
    buffer = io.BytesIO()
    np.save(buffer, SCORES)
    buffer.seek(0)
    blobs.put(score := f"scores/{new_id()}.npy", buffer)
    return {
        "method": method,
        "n_samples": 20,
        "min_distance": None,
        "seed": 3,
        "normalize": False,
        "query": {"mask": BitMask.from_rows(QUERY).to_hex()},
        "preselected": {"mask": BitMask.from_rows(BEFORE).to_hex()},
        "embedding": {"file_key": stored(blobs, rows), "name": "default", "dimension": 5},
        "score": {"file_key": score} if method in {"CORAL", "ACTIVE_LEARNING"} else None,
    }


@pytest.mark.parametrize("method", ["CORESET", "CORAL", "ACTIVE_LEARNING", "RANDOM"])
@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("large", [False, True])
def test_run__equals_select(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch, method: str, rows: list[int], *, large: bool
) -> None:
    monkeypatch.setattr(sampling, "LARGE", 0 if large else 2**40)
    scores = np.zeros(90)
    scores[list(QUERY)] = SCORES
    expected = select(
        VECTORS,
        20,
        method,
        ids=NAMES,
        query=[NAMES[row] for row in QUERY],
        preselected=[NAMES[row] for row in BEFORE],
        scores=scores if method in {"CORAL", "ACTIVE_LEARNING"} else None,
        seed=3,
        progress=False,
    )
    told: list[tuple[int, int]] = []
    outcome = sampling.run(blobs, pinned(blobs, list(rows), method), NAMES, lambda *it: told.append(it))
    assert BitMask.from_hex(outcome.mask).select(NAMES) == sorted(map(str, expected.ids))
    assert outcome.provenance["certificate"]["radius"] == expected.radius
    if method in {"CORESET", "CORAL"}:
        assert told[-1] == (20, 20)


def test_run__a_preselected_sample_without_embedding(blobs: Blobs) -> None:
    with pytest.raises(InvalidInputError, match=r"1 of 62 samples have no embedding in 'default', first: '080.png'"):
        sampling.run(blobs, pinned(blobs, list(range(80)), "CORESET"), NAMES, lambda *_: None)


def test_plain__what_json_knows() -> None:
    value = {"a": np.float64("inf"), 3: [np.int64(7), (None, "x")], "b": Path("p")}
    assert sampling.plain(value) == {"a": None, "3": [7, [None, "x"]], "b": "p"}

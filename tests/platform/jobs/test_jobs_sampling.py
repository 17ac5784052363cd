"""A pinned selection: the same result whether the embedding is read here or left to the shards, on disk or in S3."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightly_ray.bitmask import BitMask
from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel.selection.select import Selection, select
from lightly_ray.platform.jobs import sampling
from lightly_ray.platform.jobs.messages import Failed, FromRunner, Progressed, Projected, Selected, from_runner
from lightly_ray.platform.jobs.pinned import PinnedEmbedding, PinnedScore, PinnedSelection, PinnedTag, pinned_of
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


def pinned(blobs: Blobs, rows: list[int], method: str) -> PinnedSelection:
    buffer = io.BytesIO()
    np.save(buffer, SCORES)
    buffer.seek(0)
    blobs.put(score := f"scores/{new_id()}.npy", buffer)
    stored_as = {"id": "e", "name": "default", "version": 1, "sha256": "", "dimension": 5}
    scores = {"id": "s", "score_type": "x", "version": 1, "sha256": "", "file_key": score}
    return PinnedSelection(
        tag_name="new",
        method=method,
        n_samples=20,
        min_distance=None,
        seed=3,
        normalize=False,
        prev_tag_id="b",
        query=PinnedTag(id="q", name="query", mask=BitMask.from_rows(QUERY)),
        preselected=PinnedTag(id="b", name="before", mask=BitMask.from_rows(BEFORE)),
        embedding=PinnedEmbedding.model_validate({**stored_as, "file_key": stored(blobs, rows)}),
        score=PinnedScore.model_validate(scores) if method in {"CORAL", "ACTIVE_LEARNING"} else None,
    )


def selected(method: str, marked: Sequence[int] = ()) -> Selection:
    """What `select` gives for what `pinned` asks for."""
    scores = np.zeros(90)
    scores[list(QUERY)] = SCORES
    return select(
        VECTORS,
        20,
        method,
        ids=NAMES,
        query=[NAMES[row] for row in QUERY],
        preselected=[NAMES[row] for row in BEFORE],
        cannot_be_labelled=[NAMES[row] for row in marked],
        scores=scores if method in {"CORAL", "ACTIVE_LEARNING"} else None,
        seed=3,
        progress=False,
    )


def test_pinned__comes_back_from_the_database_as_it_went(tmp_path: Path) -> None:
    selection = pinned(Blobs(str(tmp_path)), list(range(90)), "CORAL")
    assert pinned_of("SAMPLING", json.loads(json.dumps(selection.to_json()))) == selection
    older = {key: value for key, value in selection.to_json().items() if key != "kind"}
    assert pinned_of("SAMPLING", older) == selection  # queued before kinds were written
    del older["random_share"], older["cannot_be_labelled"]
    assert pinned_of("SAMPLING", older) == selection  # queued before there were shares and marks
    share = selection.model_copy(update={"n_samples": 1.0})
    assert isinstance(pinned_of("SAMPLING", json.loads(json.dumps(share.to_json()))).n_samples, float)  # type: ignore[union-attr]  # a selection


@pytest.mark.parametrize(
    "message",
    [
        Progressed(processed=3, total=7),
        Selected(mask=BitMask.from_rows([1, 90]), provenance={"a": 1}),
        Projected(file_key="k", count=2),
        Failed(error="no"),
    ],
)
def test_messages__come_back_as_they_went(message: FromRunner) -> None:
    assert from_runner(json.dumps(message.to_json()).encode()) == message


@pytest.mark.parametrize("method", ["CORESET", "CORAL", "ACTIVE_LEARNING", "RANDOM"])
@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("large", [False, True])
def test_run__equals_select(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch, method: str, rows: list[int], *, large: bool
) -> None:
    monkeypatch.setattr(sampling, "LARGE", 0 if large else 2**40)
    expected = selected(method)
    calls: list[tuple[int, int]] = []
    outcome = sampling.run(blobs, pinned(blobs, list(rows), method), NAMES, lambda *it: calls.append(it))
    assert outcome.mask.select(NAMES) == sorted(map(str, expected.ids))
    assert outcome.provenance["certificate"]["radius"] == expected.radius
    if method in {"CORESET", "CORAL"}:
        assert calls[-1] == (20, 20)


@pytest.mark.parametrize("method", ["CORESET", "CORAL", "RANDOM"])
@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("large", [False, True])
def test_run__without_what_cannot_be_labelled(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch, method: str, rows: list[int], *, large: bool
) -> None:
    monkeypatch.setattr(sampling, "LARGE", 0 if large else 2**40)
    marked = [2, 12, 15, 40, 69, 85]  # outside and preselected, in the query set, both, neither
    expected = selected(method, marked)
    tag = PinnedTag(id="m", name="cannot-be-labelled", mask=BitMask.from_rows(marked))
    for stored_rows in (rows, [row for row in rows if row not in marked]):
        job = pinned(blobs, stored_rows, method).model_copy(update={"cannot_be_labelled": tag})
        outcome = sampling.run(blobs, job, NAMES, lambda *_: None)
        assert outcome.mask.select(NAMES) == sorted(map(str, expected.ids))


def test_run__a_preselected_sample_without_embedding(blobs: Blobs) -> None:
    with pytest.raises(InvalidInputError, match=r"1 of 62 samples have no embedding in 'default', first: '080.png'"):
        sampling.run(blobs, pinned(blobs, list(range(80)), "CORESET"), NAMES, lambda *_: None)


def test_plain__what_json_knows() -> None:
    value = {"a": np.float64("inf"), 3: [np.int64(7), (None, "x")], "b": Path("p")}
    assert sampling.plain(value) == {"a": None, "3": [7, [None, "x"]], "b": "p"}

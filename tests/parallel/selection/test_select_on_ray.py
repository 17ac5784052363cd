"""`lightly_ray.select` on shard actors: the same picks for any number of partitions and any form of data."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import ray

import lightly_ray
from lightly_ray.data.sources import load
from lightly_ray.errors import InvalidInputError, LightlyRayError, UnreadableError, WorkerLostError
from lightly_ray.parallel.selection import actor_shards, engine
from lightly_ray.parallel.selection.dataset_source import DatasetSource
from lightly_ray.parallel.selection.partitions import partition_rows
from lightly_ray.parallel.selection.result import Selection

pytestmark = pytest.mark.usefixtures("ray_local")

RANDOM = np.random.default_rng(0)
X = np.concatenate([RANDOM.normal(size=(150, 7)), RANDOM.integers(0, 3, size=(161, 7))]).astype(np.float32)
NAMES = [f"{name:03d}.png" for name in RANDOM.permutation(311)]
RANKS = np.argsort(NAMES)  # row of a Dataset -> row of X
SCORES = np.round(RANDOM.random(311), 1)
QUERY = [NAMES[row] for row in range(311) if row % 5]
PRESELECTED = [NAMES[row] for row in (3, 40, 250, 300)]


def select(data: Any, n_samples: Any, method: str = "coreset", **options: Any) -> Selection:
    return lightly_ray.select(data, n_samples, method, progress=False, **options)


def same(found: Selection, expected: Selection) -> None:
    assert found.ids == expected.ids
    np.testing.assert_array_equal(found.gains, expected.gains)
    assert (found.radius, found.lower_bound, found.stop_reason) == (
        expected.radius,
        expected.lower_bound,
        expected.stop_reason,
    )


def table() -> pa.Table:
    flat = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), 7)
    return pa.table({"filename": NAMES, "embedding": flat, "score": SCORES})


@pytest.mark.parametrize("partitions", [5, *(pytest.param(count, marks=pytest.mark.full) for count in (1, 2, 16))])
def test_select__any_number_of_partitions(partitions: int, tmp_path: Path) -> None:
    pq.write_table(table(), tmp_path / "x.parquet", row_group_size=40)
    options: dict[str, Any] = {"query": QUERY, "preselected": PRESELECTED}
    if partitions % 2:
        options |= {"method": "coral", "scores": SCORES, "min_distance": 0.5}
    expected = select(X, 120, ids=NAMES, **options)
    found = select(tmp_path / "x.parquet", 120, partitions=partitions, **options)
    same(found, expected)
    assert found.stats.partitions == partitions
    assert found.stats.restarts == 0


@pytest.mark.full
def test_select__arrays_and_npy(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    expected = select(X[:150], 60, normalize=True)  # beyond those the grid has zero vectors
    same(select(X[:150], 60, normalize=True, partitions=2), expected)
    same(select(tmp_path / "x.npy", 60, partitions=2), select(X, 60))


@pytest.mark.full
def test_select__coverage_of_a_dataset_and_of_files(tmp_path: Path) -> None:
    pq.write_table(table(), tmp_path / "x.parquet", row_group_size=40)
    rows = [row for row in range(311) if X[row].any()]  # coverage is of directions
    names = [NAMES[row] for row in rows]
    options: dict[str, Any] = {"method": "coverage", "preselected": names[:9]}
    expected = select(X, 50, ids=NAMES, query=names, scores=SCORES, **options)
    from_files = select(tmp_path / "x.parquet", 50, query=names, scores="score", **options)
    assert from_files.ids == expected.ids
    assert from_files.coverage == expected.coverage
    dataset = ray.data.read_parquet(str(tmp_path / "x.parquet"))
    from_dataset = select(dataset, 50, query=names, scores="score", **options)
    assert set(from_dataset.ids) == set(expected.ids)


@pytest.mark.full
def test_select__whitened_the_same_bits_on_any_shards(tmp_path: Path) -> None:
    pq.write_table(table(), tmp_path / "x.parquet", row_group_size=40)
    options: dict[str, Any] = {"query": QUERY, "preselected": PRESELECTED, "normalize": "whiten"}
    expected = select(X, 120, ids=NAMES, **options)
    assert expected.whitening is not None
    for partitions in (2, 3):
        found = select(tmp_path / "x.parquet", 120, partitions=partitions, **options)
        same(found, expected)
        assert found.whitening is not None
        assert found.whitening.digest == expected.whitening.digest
    coral: dict[str, Any] = {**options, "method": "coral", "scores": SCORES, "normalize": expected.whitening}
    same(select(X, 120, ids=NAMES, partitions=2, **coral), select(X, 120, ids=NAMES, **coral))
    bad = X.copy()
    bad[[77, 201]] = np.nan
    with pytest.raises(InvalidInputError, match="77: the embedding has a NaN"):
        select(bad, 10, partitions=2, normalize="whiten")


@pytest.fixture(params=["tensors", *(pytest.param(kind, marks=pytest.mark.full) for kind in ("lists", "pandas"))])
def dataset(request: pytest.FixtureRequest) -> Iterator[tuple[Any, int]]:
    """The same 311 samples in shuffled blocks of several sizes; and the number of blocks."""
    if request.param == "tensors":
        order = np.random.default_rng(5).permutation(311)
        items = [{"filename": NAMES[row], "embedding": X[row], "score": SCORES[row]} for row in order]
        yield ray.data.from_items(items, override_num_blocks=9), 9
    elif request.param == "lists":
        pieces = [table().slice(start, 100) for start in (200, 0, 300, 100)]
        yield ray.data.from_arrow(pieces), 4
    else:
        frame = table().to_pandas()
        yield ray.data.from_pandas([frame.iloc[170:], frame.iloc[:170]]), 2


def test_dataset_source__row_is_the_rank_of_the_id(dataset: tuple[Any, int]) -> None:
    source = DatasetSource(dataset[0], "filename", "embedding", ("score",))
    assert source.ids.at(np.arange(311)) == sorted(NAMES)
    np.testing.assert_array_equal(source.column("score").to_numpy(), SCORES[RANKS])
    rows = np.sort(np.random.default_rng(2).choice(311, 90, replace=False))
    np.testing.assert_array_equal(load(source, rows, normalize=False), X[RANKS[rows]])
    parts = partition_rows(source, rows, 4)
    assert np.sort(np.concatenate([part.rows for part in parts])).tolist() == rows.tolist()
    for part in parts:
        np.testing.assert_array_equal(load(part.for_worker(), part.rows, normalize=False), X[RANKS[part.rows]])


@pytest.mark.full
def test_select__datasets(dataset: tuple[Any, int], monkeypatch: pytest.MonkeyPatch) -> None:
    ranked: dict[str, Any] = {"ids": [NAMES[row] for row in RANKS], "query": QUERY, "preselected": PRESELECTED}
    given: dict[str, Any] = {"query": QUERY, "preselected": PRESELECTED}
    same(select(dataset[0], 120, **given), select(X[RANKS], 120, **ranked))  # small: in this process
    monkeypatch.setattr(engine, "SMALL", 0)
    coral = select(X[RANKS], 90, "coral", scores=SCORES[RANKS], **ranked)
    found = select(dataset[0], 90, "coral", scores="score", **given)
    same(found, coral)
    assert found.stats.partitions == 2  # one per CPU of the cluster
    draw = select(dataset[0], 30, "random", embedding_column="nowhere")
    assert draw.ids == select(X, 30, "random", ids=NAMES).ids


def test_select__a_dataset_in_any_order_on_many_shards() -> None:
    pieces = [table().slice(start, 37) for start in (259, 0, 185, 37, 296, 148, 74, 222, 111)]
    data = ray.data.from_arrow([piece for piece in pieces if len(piece)]).random_shuffle(seed=4)
    given: dict[str, Any] = {"query": QUERY, "preselected": PRESELECTED}
    expected = select(X[RANKS], 90, "coral", scores=SCORES[RANKS], ids=[NAMES[row] for row in RANKS], **given)
    found = select(data, 90, "coral", scores="score", partitions=4, **given)
    same(found, expected)
    assert found.stats.partitions == 4


@pytest.mark.full
def test_selection__as_a_dataset() -> None:
    found = select(X, 20, ids=NAMES, preselected=PRESELECTED)
    rows = found.to_dataset().sort("row").take_all()
    assert [row["row"] for row in rows] == sorted(found.rows.tolist())
    assert {row["filename"] for row in rows if row["added"]} == set(found.added_ids)


def test_select__datasets_that_cannot_be_used() -> None:
    data = ray.data.from_arrow(table())
    for options, message in (
        ({"id_column": "id"}, "the dataset has no column 'id', it has 'filename', 'embedding', 'score'"),
        ({"embedding_column": "vector"}, "has no column 'vector'"),
        ({"method": "coral", "scores": "s"}, "has no column 's'"),
        ({"method": "coral", "scores": SCORES}, "no order: give scores as"),
        ({"ids": NAMES}, "no order: name the column of its ids"),
        ({"embedding_column": "score"}, "^the column 'score': embeddings must be lists of floats or tensors, got doub"),
        ({"method": "coral", "scores": "filename"}, "^the column 'filename' must be numbers, got string"),
        (
            {"preselected": ["a.png"]},
            "preselected: 1 of 1 ids .* first: 'a.png'; those of the data look like '000.png'",
        ),
    ):
        with pytest.raises(InvalidInputError, match=message) as raised:
            select(data, 3, **options)
        assert type(raised.value) is InvalidInputError  # and not Ray's, with the traceback of a worker in it
    with pytest.raises(InvalidInputError, match="'filename' must be distinct: 311 come more than once"):
        select(data.union(data), 3)
    with pytest.raises(InvalidInputError, match="the dataset has no rows"):
        select(data.limit(0), 3)
    with pytest.raises(InvalidInputError, match=r"^the column 'filename': 1 ids are missing"):
        select(ray.data.from_arrow(table().set_column(0, "filename", [[*NAMES[:-1], None]])), 3)


def test_select__bad_vectors_of_a_dataset_name_the_sample() -> None:
    for bad, problem in (
        (X[0][:5], "has 5 coordinates, the first row has 7"),
        (np.full(7, np.inf, np.float32), "has a NaN or an infinity"),
    ):
        items = [{"filename": NAMES[row], "embedding": bad if row == 200 else X[row]} for row in range(311)]
        row = int(np.flatnonzero(RANKS == 200)[0])
        with pytest.raises(InvalidInputError, match=f"^sample '{NAMES[200]}' .row {row}.: the embedding {problem}"):
            select(ray.data.from_items(items, override_num_blocks=3), 5)


@pytest.mark.full
def test_select__a_dataset_that_cannot_be_read_is_one_clear_error(tmp_path: Path) -> None:
    pq.write_table(table(), tmp_path / "x.parquet", use_dictionary=False)
    content = bytearray((tmp_path / "x.parquet").read_bytes())
    content[100:900] = bytes(byte ^ 90 for byte in content[100:900])
    (tmp_path / "x.parquet").write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"^the dataset cannot be read: OSError"):
        select(ray.data.read_parquet(str(tmp_path / "x.parquet")), 5)


@pytest.mark.full
def test_select__bad_numbers_name_the_sample_of_the_lowest_row() -> None:
    bad = X.copy()
    bad[[17, 200, 301], 3] = np.nan
    with pytest.raises(InvalidInputError, match=f"sample '{NAMES[17]}' .row 17.: the embedding has a NaN") as raised:
        select(bad, 5, ids=NAMES, partitions=3)
    assert type(raised.value) is InvalidInputError


def test_select__unreadable_files_are_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(table(), tmp_path / "x.parquet", row_group_size=40)

    def cut(self: actor_shards.ActorShards) -> None:
        whole = (tmp_path / "x.parquet").read_bytes()
        (tmp_path / "x.parquet").write_bytes(whole[: len(whole) // 2])
        original(self)

    original = actor_shards.ActorShards.load
    monkeypatch.setattr(actor_shards.ActorShards, "load", cut)
    with pytest.raises(LightlyRayError, match=r"cannot read .*x\.parquet") as raised:
        select(tmp_path / "x.parquet", 5, partitions=2)
    assert type(raised.value) is UnreadableError
    assert "ray::" not in str(raised.value)


@pytest.mark.full
def test_select__a_worker_that_hangs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(self: actor_shards.ActorShards, request: Any) -> None:
        _, pid = self.whereabouts()[1]
        os.kill(pid, signal.SIGSTOP)  # alive, and silent
        self._timeout = 2
        try:
            propose(self, request)
        finally:
            os.kill(pid, signal.SIGCONT)

    propose = actor_shards.ActorShards.propose
    monkeypatch.setattr(actor_shards.ActorShards, "propose", hang)
    with pytest.raises(
        WorkerLostError, match=r"no answer to 'propose' within 2 s from shard 2 of 2 on node [0-9a-f]+$"
    ):
        select(X, 40, preselected=[3], partitions=2, timeout=600)


@pytest.mark.full
def test_select__data_that_changes_meanwhile_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(table(), tmp_path / "x.parquet")
    propose = actor_shards.ActorShards.propose

    def lose_and_change(self: actor_shards.ActorShards, request: Any) -> Any:
        os.kill(self.whereabouts()[0][1], signal.SIGKILL)
        column = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel() + np.float32(1e-3)), 7)
        pq.write_table(table().set_column(1, "embedding", column), tmp_path / "x.parquet")
        return propose(self, request)

    monkeypatch.setattr(actor_shards.ActorShards, "propose", lose_and_change)
    with pytest.raises(
        InvalidInputError, match=r"the embeddings of shard 1 of 2 on node .* changed while they were being"
    ):
        select(tmp_path / "x.parquet", 40, partitions=2, checkpoint=tmp_path / "picks")

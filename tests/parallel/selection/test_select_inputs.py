"""What people bring to `select`: tables, frames, scores in all their forms, rows that cannot be used."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lightly_ray
from lightly_ray.errors import InvalidInputError, NotFoundError
from tests.conftest import in_full

X = np.random.default_rng(3).normal(size=(60, 8)).astype(np.float32)
IDS = [f"{row:03}" for row in range(60)]
SCORES = np.random.default_rng(4).random(60)
TABLE = pa.table({"filename": IDS, "embedding": pa.array(X.tolist(), pa.list_(pa.float32())), "score": SCORES})


def _select(data: Any, **options: Any) -> list[str]:
    asked: dict[str, Any] = {"n_samples": options.pop("n", 7), "method": "coreset", "progress": False, **options}
    return [str(one) for one in lightly_ray.select(data, **asked).ids]


CORESET = _select(X, ids=IDS)
CORAL = _select(X, ids=IDS, method="coral", scores=SCORES)


def _files(tmp_path: Path, table: pa.Table) -> Path:
    pq.write_table(table, tmp_path / "x.parquet")
    return tmp_path / "x.parquet"


def test_select__tables_and_frames() -> None:
    frame = pd.DataFrame({"filename": IDS, "embedding": list(X), "score": SCORES})
    wide = pd.DataFrame(X, index=IDS)
    for data in (TABLE, frame, frame.set_index("filename"), wide):
        assert _select(data) == CORESET
    assert _select(frame, method="coral", scores="score") == CORAL
    assert _select(pd.DataFrame(X)) == _select(X)
    shuffled = TABLE.take(np.random.default_rng(0).permutation(60))
    assert _select(shuffled.drop_columns("embedding"), method="random") == _select(TABLE, method="random")


def test_select__tables_that_cannot_be_used() -> None:
    for data, message in (
        (TABLE.drop_columns("embedding"), "the table has no column 'embedding', it has 'filename', 'score'"),
        (TABLE.drop_columns("filename"), "the table has no column 'filename'"),
        (TABLE.slice(0, 0), "there are no rows|the table has no rows"),
        (pd.DataFrame({"filename": ["a"], "embedding": ["text"]}), "must be lists of floats"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            _select(data, n=1)


@pytest.mark.full
def test_select__a_table_on_shard_actors(ray_local: None) -> None:
    assert _select(TABLE, partitions=3) == CORESET
    bad = pa.concat_tables(
        [TABLE, pa.table({"filename": ["bad"], "embedding": [[1.0, 2.0]], "score": [1.0]})],
        promote_options="permissive",
    )
    with pytest.raises(InvalidInputError, match=r"sample 'bad' \(row 60\): the embedding has 2 coordinates"):
        _select(bad, partitions=3)


def _scores(form: str, tmp_path: Path) -> Any:
    order = np.random.default_rng(1).permutation(60)
    names, values = [IDS[row] for row in order], SCORES[order]
    table = pa.table({"filename": names, "other": [0.5] * 60, "uncertainty_margin": values})
    (tmp_path / "scores").mkdir()
    for part in range(2):
        pq.write_table(table.slice(30 * part, 30), tmp_path / "scores" / f"{part}.parquet")
    forms = {
        "mapping": dict(zip(names, values, strict=True)),
        "series": pd.Series(values, index=names),
        "frame": table.to_pandas(),
        "frame with an index": table.to_pandas().set_index("filename"),
        "table": table,
        "batch": table.to_batches()[0],
        "path": _files(tmp_path, table),
        "path as text": str(_files(tmp_path, table)),
        "folder": str(tmp_path / "scores"),
    }
    return forms[form]


@pytest.mark.parametrize(
    "form", ["mapping", "series", "frame", "frame with an index", "table", "batch", "path", "path as text", "folder"]
)
def test_select__scores_are_joined_by_id(tmp_path: Path, form: str) -> None:
    scores = _scores(form, tmp_path)
    assert _select(TABLE, method="coral", scores=scores) == CORAL
    assert _select(X, ids=IDS, method="coral", scores=scores) == CORAL
    if form in {"frame", "table", "path"}:
        flat = _select(TABLE, method="coral", scores=np.full(60, 0.5))
        assert _select(TABLE, method="coral", scores=scores, score="other") == flat
        with pytest.raises(InvalidInputError, match=r"no (score|column) 'entropy', (they have|it has) 'filename'"):
            _select(TABLE, method="coral", scores=scores, score="entropy")


def test_select__what_score_makes_is_what_select_takes(ray_local: None) -> None:
    import ray.data

    rows = np.column_stack([1 - SCORES / 2, SCORES / 2])
    made = lightly_ray.score(pa.table({"filename": IDS, "probabilities": list(rows)}), task="classification")
    assert _select(TABLE, method="coral", scores=made) == CORAL
    dataset = ray.data.from_arrow([TABLE.slice(0, 20), TABLE.slice(20)])
    assert _select(dataset, method="coral", scores=made) == CORAL
    by_name = dict(zip(IDS, SCORES.tolist(), strict=True))
    assert _select(dataset, method="coral", scores=by_name) == CORAL
    with pytest.raises(InvalidInputError, match="have no order: give scores as"):
        _select(dataset, method="coral", scores=SCORES)


def test_select__scores_that_cannot_be_joined(tmp_path: Path) -> None:
    twice = pa.table({"filename": [*IDS, "003"], "s": [*SCORES, 0.0]})
    for scores, message in (
        (twice, "the score 's' must be distinct: 1 come more than once, first: '003'"),
        (_files(tmp_path, twice), r"the score 's' in '.*x\.parquet' must be distinct: .*'003'"),
        (pa.table({"name": IDS, "s": SCORES}), "the scores have no column 'filename' of ids, they have 'name', 's'"),
        (pa.table({"filename": IDS, "s": IDS}), "the scores have no column of numbers"),
        (pd.Series(SCORES, index=range(60, 0, -1)), "must be names, or 0"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            _select(TABLE, method="coral", scores=scores)
    with pytest.raises(NotFoundError, match="there is no"):
        _select(TABLE, method="coral", scores=str(tmp_path / "absent.parquet"))


def test_select__no_score_is_needed_by_what_may_not_be_selected_and_skipped_where_asked_for() -> None:
    holes = [None if row < 10 else float(one) for row, one in enumerate(SCORES)]
    named = pa.table({"filename": IDS, "s": pa.array(holes, pa.float64())})
    expected = _select(X[10:], ids=IDS[10:], method="coral", scores=SCORES[10:])
    for scores in (holes, named, dict(zip(IDS, holes, strict=True)), pd.Series(holes, index=IDS, dtype=object)):
        assert _select(X, ids=IDS, method="coral", scores=scores, query=IDS[10:]) == expected
        with pytest.raises(InvalidInputError, match=r"10 of 60 samples that may be selected .* first: sample '000'"):
            _select(X, ids=IDS, method="coral", scores=scores)
        with pytest.warns(UserWarning, match=r"10 samples .* left out, first: sample '000' \(row 0\): it has no score"):
            assert _select(X, ids=IDS, method="coral", scores=scores, on_missing="skip") == expected
    labelled = _select(X, ids=IDS, method="coral", scores=holes, preselected=IDS[:10], n=15)
    assert labelled[:10] == IDS[:10]


BAD: dict[str, Any] = {
    "a": None,
    "b": [1.0, 2.0],
    "c": [float("nan")] * 8,
    "d": [float("inf")] + [0.0] * 7,
    "e": [None] + [1.0] * 7,
}


def _with_bad_rows() -> pa.Table:
    # The first row is good: it says what the others are to look like.
    embeddings = [X[0].tolist(), *BAD.values(), *X[1:].tolist()]
    return pa.table({"filename": [IDS[0], *BAD, *IDS[1:]], "embedding": pa.array(embeddings, pa.list_(pa.float32()))})


@pytest.mark.parametrize("form", ["table", "parquet", "dataset", in_full("actors")])
def test_select__rows_without_a_usable_embedding_are_left_out(ray_local: None, tmp_path: Path, form: str) -> None:
    import ray.data

    table = _with_bad_rows()
    data = {"table": table, "parquet": _files(tmp_path, table), "dataset": ray.data.from_arrow(table)}.get(form, table)
    options: Any = {"partitions": 2} if form == "actors" else {}
    with pytest.warns(UserWarning, match="5 samples .* were left out"):
        found = lightly_ray.select(data, 7, "coreset", on_error="skip", progress=False, **options)
    assert set(found.skipped) == set(BAD)
    assert found.skipped["a"] == "the embedding is missing (null)"
    assert found.skipped["b"] == "the embedding has 2 coordinates, the first row has 8"
    assert "no finite number" in found.skipped["c"]
    assert found.summary()["n_skipped"] == 5
    assert found.ids == CORESET
    with pytest.raises(InvalidInputError, match=r"sample '[ab]'"):
        _select(data, **options)
    with pytest.raises(InvalidInputError, match="on_error must be one of raise, skip, got 'ignore'"):
        _select(data, on_error="ignore")


def test_select__arrays_with_rows_that_cannot_be_used() -> None:
    data = np.concatenate([X, np.full((2, 8), np.nan, np.float32), np.zeros((1, 8), np.float32)])
    with pytest.warns(UserWarning, match="3 samples"):
        found = lightly_ray.select(data, 7, "coreset", on_error="skip", normalize=True, progress=False)
    assert list(found.skipped) == [60, 61, 62]
    assert found.ids == lightly_ray.select(X, 7, "coreset", normalize=True, progress=False).ids


@pytest.mark.parametrize("form", ["table", "parquet", "dataset"])
def test_select__embeddings_that_were_not_asked_for_decide_nothing(ray_local: None, tmp_path: Path, form: str) -> None:
    import ray.data

    others = [None] * 100 + [[0.5] * 3] * 2000 + [[0.25] * 16] * 10  # of other models, or of none
    names = [f"n{row}" for row in range(len(others))]
    column = pa.array(others + X.tolist(), pa.list_(pa.float32()))
    table = pa.table({"filename": names + IDS, "embedding": column})
    data = {"table": table, "parquet": _files(tmp_path, table), "dataset": ray.data.from_arrow(table)}[form]
    assert _select(data, query=IDS) == CORESET
    with pytest.raises(InvalidInputError, match="all embeddings are missing"):
        _select(data, n=5, query=names[:100])


@pytest.mark.full
def test_select__a_dataset_of_several_writers_and_empty_blocks(ray_local: None) -> None:
    import ray.data

    kinds = (pa.string(), pa.large_string(), pa.string())
    parts = [TABLE.slice(20 * part, 20) for part in range(3)]
    for number, kind in enumerate(kinds):
        parts[number] = parts[number].set_column(0, "filename", parts[number]["filename"].cast(kind))
    parts[1] = parts[1].set_column(2, "score", parts[1]["score"].cast(pa.float32()))
    dataset = ray.data.from_arrow([*parts, TABLE.slice(0, 0)])
    assert _select(dataset) == CORESET
    highest = _select(TABLE, method="active_learning", scores="score")
    assert _select(dataset, method="active_learning", scores="score") == highest
    with pytest.warns(UserWarning, match="Use 'expr'"):
        nothing = ray.data.from_items([{"filename": "a", "embedding": [1.0]}]).filter(lambda _: False)
    with pytest.raises(InvalidInputError, match="the dataset has no rows"):
        _select(nothing)

"""`lightly_ray.typicality`: the scores of the formula by id, wherever embeddings lie, and back into `select`."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import ray.data

import lightly_ray
from lightly_ray.errors import InvalidInputError
from lightly_ray.selection.random_draw import random_keys
from lightly_ray.selection.typicality import typicality
from lightly_ray.selection.whole_numbers import whole_vectors

X = np.random.default_rng(8).normal(size=(300, 6))
NAMES = [f"{row}.png" for row in range(300)]
UNIT = X / np.linalg.norm(X, axis=1, keepdims=True)
EXPECTED = typicality(whole_vectors(UNIT), random_keys(NAMES, 0))


@pytest.mark.usefixtures("ray_local")
def test_typicality__wherever_embeddings_lie(tmp_path: Any) -> None:
    scores = lightly_ray.typicality(X, ids=NAMES)
    assert scores.columns() == ["filename", "typicality"]
    expected = dict(zip(NAMES, EXPECTED, strict=True))
    assert {row["filename"]: row["typicality"] for row in scores.take_all()} == expected
    table = pa.table({"name": NAMES[::-1], "vector": list(X[::-1])})
    pq.write_table(table, tmp_path / "embeddings.parquet")
    for data in (table, table.to_pandas(), str(tmp_path / "embeddings.parquet"), ray.data.from_arrow(table)):
        again = lightly_ray.typicality(data, id_column="name", embedding_column="vector")
        assert {row["name"]: row["typicality"] for row in again.take_all()} == expected


@pytest.mark.usefixtures("ray_local")
def test_typicality__is_what_select_takes() -> None:
    asked: dict[str, Any] = {"method": "active_learning", "progress": False}
    by_score = np.argsort(-EXPECTED, kind="stable")[:20].tolist()
    scores = lightly_ray.typicality(X, ids=NAMES)
    assert lightly_ray.select(X, 20, ids=NAMES, scores=scores, **asked).rows.tolist() == by_score
    assert lightly_ray.select(X, 20, scores=lightly_ray.typicality(X), **asked).ids == by_score
    assert lightly_ray.select(X, 20, score={"typicality": 1}, **asked).ids == by_score


def test_typicality__names_the_sample_that_is_bad() -> None:
    with pytest.raises(InvalidInputError, match=r"sample '4\.png'"):
        lightly_ray.typicality(np.where(np.arange(300)[:, None] == 4, np.nan, X), ids=NAMES)

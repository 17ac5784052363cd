"""Rows that hold the same: what Python's equality says of their values."""

from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lightly_ray.data.labels.same import same_rows

NUMBERS = st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0]))
OBJECT = st.fixed_dictionaries(
    {
        "class": st.one_of(st.none(), st.sampled_from(["cat", "dog", ""])),
        "box": st.one_of(st.none(), st.lists(NUMBERS, min_size=2, max_size=2)),
        "parts": st.one_of(st.none(), st.lists(st.one_of(st.none(), st.lists(NUMBERS, max_size=2)), max_size=2)),
    }
)
ROWS = st.lists(st.one_of(st.none(), st.lists(st.one_of(st.none(), OBJECT), max_size=2)), min_size=1, max_size=6)
TYPE = pa.list_(
    pa.struct({"class": pa.string(), "box": pa.list_(pa.float64(), 2), "parts": pa.list_(pa.list_(pa.float64()))})
)


@given(ROWS, ROWS, st.integers(0, 2))
def test_same_rows__as_python_compares(left: list[Any], right: list[Any], skipped: int) -> None:
    rows = min(len(left), len(right))
    skipped = min(skipped, rows)
    a, b = (pa.array(values[:rows], TYPE).slice(skipped) for values in (left, right))
    expected = [x == y for x, y in zip(left[skipped:rows], right[skipped:rows], strict=True)]
    assert same_rows(a, b).tolist() == expected
    assert same_rows(a, a).all()


def test_same_rows__order_and_depth_matter() -> None:
    a = pa.array([[{"parts": [[1.0, 2.0], [3.0]]}], [{"class": "a"}, {"class": "b"}], [{"box": [1.0, 2.0]}]], TYPE)
    b = pa.array([[{"parts": [[1.0], [2.0, 3.0]]}], [{"class": "b"}, {"class": "a"}], [{"box": [1.0, 2.0]}]], TYPE)
    assert same_rows(a, b).tolist() == [False, False, True]

"""JSON objects -> columns: what Arrow reads, and what is read one by one, come to the same."""

import json
from typing import Any

import numpy as np
import pytest

from lightly_ray.platform.services.columns.fields import MOST_FIELDS, Fields, read_objects
from lightly_ray.platform.services.columns.summary import MISSING, MOST_CATEGORIES, Title, category_summary

Values = list[float | str | None]


def read(objects: list[Any]) -> tuple[dict[str, Values], dict[str, Values]]:
    numbers, words = read_objects([None if it is None else json.dumps(it) for it in objects])
    return (
        {name: [None if np.isnan(value) else float(value) for value in values] for name, values in numbers.items()},
        {name: values.to_pylist() for name, values in words.items()},
    )


@pytest.mark.parametrize("odd", [{}, {"odd": 1}], ids=["by Arrow", "one by one"])
def test_read_objects__by_hand(odd: dict[str, Any]) -> None:
    objects = [
        {"a": 1, "b": "x", "c": True, "shape": [4, 6, 3], **odd},
        None,
        {"a": 2.5, "b": "2020-01-01", "nested": {"a": 7}, "list": [1], "shape": [9], "none": None},
        {"a": -(2**60), "b": "", "c": False, "shape": [5, 7], "empty": [], **({"odd": "text"} if odd else {})},
    ]
    numbers, words = read(objects)
    numbers.pop("odd", None)
    words.pop("odd", None)
    assert numbers == {
        "a": [1, None, 2.5, -(2.0**60)],
        "height": [4, None, None, 5],
        "width": [6, None, None, 7],
    }
    assert words == {"b": ["x", None, "2020-01-01", ""], "c": ["true", None, None, "false"]}


@pytest.mark.parametrize("value", [1e300, -1e300, 10**400, 2**70])
def test_read_objects__what_float32_cannot_hold_is_missing(value: float) -> None:
    numbers, _ = read([{"a": value}, {"a": 2}])
    assert numbers == {"a": [2.0**70 if value == 2**70 else None, 2]}


def test_read_objects__only_times_are_texts_as_they_were_written() -> None:
    times = ["2020-01-01", "2020-01-01T10:00:00Z"]
    assert read([{"t": time} for time in times])[1] == {"t": times}


def test_read_objects__a_key_that_comes_twice_is_the_last_one() -> None:
    numbers, _ = read_objects(['{"a": 1, "a": 2}', "{}"])
    assert numbers["a"][0] == 2


def test_read_objects__texts_of_several_lines() -> None:
    numbers, _ = read_objects(['{"a":\n 1}', '{"a": 2}'])
    assert numbers["a"].tolist() == [1, 2]


def test_read_objects__nothing() -> None:
    assert read([None, {}]) == ({}, {})


def fields(*batches: list[dict[str, Any]]) -> Fields:
    made = Fields(sum(map(len, batches)))
    start = 0
    for batch in batches:
        made.add(start, [json.dumps(it) for it in batch])
        start += len(batch)
    return made


def test_fields__over_batches() -> None:
    made = fields([{"a": 1}, {"b": "x"}], [{"b": "y", "a": 2}], [{"b": "x"}])
    np.testing.assert_array_equal(made.numbers["a"], np.array([1, np.nan, 2, np.nan], dtype=np.float32))
    assert made.categories["b"].codes.tolist() == [MISSING, 0, 1, 0]
    assert made.categories["b"].texts == ["x", "y"]


@pytest.mark.parametrize(("texts", "is_number"), [(1, True), (2, True), (3, False)])
def test_fields__mixed_ones_are_what_most_are(texts: int, *, is_number: bool) -> None:
    made = fields([{"a": 1}, {"a": 2}], [{"a": "x"}] * texts)
    assert made.is_number("a") is is_number


def test_fields__too_many_texts_are_nothing_to_choose_from() -> None:
    for count in (MOST_CATEGORIES, MOST_CATEGORIES + 1):
        made = fields([{"a": f"{number}"} for number in range(count)], [{"a": "0"}])
        assert made.categories["a"].offered is (count == MOST_CATEGORIES)
        assert made.categories["a"].count == count + 1
    assert not fields([{"a": "x" * 256}]).categories["a"].offered


def test_fields__at_most_so_many() -> None:
    made = fields([{f"a{number:03d}": 1 for number in range(MOST_FIELDS)}], [{"b": 1, "a000": 2}])
    assert len(made.numbers) == MOST_FIELDS
    assert made.numbers["a000"].tolist() == [1, 2]
    assert "b" not in made.numbers


def test_categories__most_frequent_first_then_by_text() -> None:
    made = fields([{"a": text} for text in ["z", "b", "a", "z", "c", "b"]], [{}])
    column = category_summary(Title("k", "t", "custom", "v"), made.categories["a"].codes, made.categories["a"].texts)
    assert column is not None
    summary, codes = column
    assert summary["values"] == [("b", 2), ("z", 2), ("a", 1), ("c", 1)]
    assert codes.tolist() == [1, 0, 2, 1, 3, 0, MISSING]
    assert summary["missing"] == 1

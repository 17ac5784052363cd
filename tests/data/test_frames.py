"""Frames: names come from a column or from the index, and an index of anything else is not taken for positions."""

import pandas as pd
import pytest

from lightly_ray.data.frames import frame_names, frame_to_table, is_frame
from lightly_ray.errors import InvalidInputError


def test_frame_to_table__names_from_the_column_or_the_index() -> None:
    frame = pd.DataFrame({"score": [0.25, 0.5]}, index=["b", "a"])
    expected = {"filename": ["b", "a"], "score": [0.25, 0.5]}
    assert frame_to_table(frame, "filename").to_pydict() == expected
    assert frame_to_table(frame["score"], "filename").to_pydict() == expected
    given = pd.DataFrame({"filename": ["x", "y"], "score": [0.25, 0.5]}, index=[7, 3])
    assert frame_to_table(given, "filename").to_pydict() == {"filename": ["x", "y"], "score": [0.25, 0.5]}
    assert frame_to_table(pd.DataFrame({"score": [1.0]}), "filename").column_names == ["score"]
    assert frame_to_table(pd.Series([1.0], ["a"]), "filename").column_names == ["filename", "value"]


def test_frame_names__a_sorted_frame_is_not_taken_by_position() -> None:
    frame = pd.DataFrame({"score": [0.25, 0.5, 0.125]}).sort_values("score")
    with pytest.raises(
        InvalidInputError, match=r"must be names, or 0 \.\. 2 for rows by position; it begins with \[2, 0, 1\]"
    ):
        frame_names(frame, "filename")
    assert frame_names(frame.reset_index(drop=True), "filename") is None


def test_is_frame__only_frames() -> None:
    assert is_frame(pd.DataFrame())
    assert is_frame(pd.Series([1.0]))
    assert not is_frame([1.0])
    assert not is_frame({"a": 1})

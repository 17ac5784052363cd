import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightly_ray.errors import InvalidInputError
from lightly_ray.scores.alignment import align_scores


def test_align_scores__by_hand() -> None:
    scores = {"a": np.array([1.0, 2.0, 3.0]), "b": np.array([4, 5, 6], dtype=np.float32)}
    found = align_scores(scores, ["x", "y", "z"], ["z", "x", "y"])
    assert found["a"].tolist() == [3, 1, 2]
    assert found["b"].tolist() == [6, 4, 5]
    assert found["b"].dtype == np.float32


@given(st.lists(st.text(), unique=True, max_size=9), st.randoms(use_true_random=False))
def test_align_scores__any_order(names: list[str], random: np.random.Generator) -> None:
    wanted = list(names)
    random.shuffle(wanted)
    found = align_scores({"place": np.arange(len(names))}, pa.array(names, pa.string()), wanted)
    assert [names[place] for place in found["place"]] == wanted


@pytest.mark.parametrize(
    ("filenames", "wanted", "message"),
    [
        (["x", "z"], ["x", "y", "z"], r"1 of 3 files .* not among the predictions, first: 'y'"),
        (["x", "y", "v", "w"], ["x", "y"], r"2 of 4 predictions .* outside the 2 .*, first: 'v'"),
        (["x", "y", "x"], ["x", "y"], r"1 of 3 .* more than once .*, first: 'x'"),
    ],
)
def test_align_scores__names_the_first_file_that_is_wrong(
    filenames: list[str], wanted: list[str], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        align_scores({"a": np.zeros(len(filenames))}, filenames, wanted)

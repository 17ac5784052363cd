"""Which samples labels are of: by id, by full name, by a base name that only one can have."""

import numpy as np
import pyarrow as pa
import pytest

from lightly_ray.data.labels.joining import Joined, join
from lightly_ray.errors import InvalidInputError
from tests.label_tables import table_of

NAMES = ["cats/0.png", "cats/1.png", "dogs/0.png", "dogs/deep/2.png", "ü 3.png", "x/cats/0.png"]
IDS = [f"{number:024x}" for number in range(len(NAMES))]


def found(*wanted: str, by: str = "filename") -> Joined:
    texts = pa.large_string()
    return join(table_of(dict.fromkeys(wanted, "a"), by=by), pa.array(IDS, texts), pa.array(NAMES, texts), "the file")


def test_join__by_id_in_any_order() -> None:
    joined = found(IDS[4], IDS[0], "f" * 24, IDS[2], by="sample_id")
    np.testing.assert_array_equal(joined.rows, [4, 0, -1, 2])
    assert not joined.by_base_name.any()


def test_join__an_id_decides_whatever_the_name() -> None:
    table = table_of({"cats/0.png": "a", "cats/1.png": "b"})
    table = table.set_column(0, "sample_id", pa.array(["f" * 24, IDS[2]]))
    texts = pa.large_string()
    joined = join(table, pa.array(IDS, texts), pa.array(NAMES, texts), "the file")
    np.testing.assert_array_equal(joined.rows, [-1, 2])


def test_join__by_full_name_before_base_name() -> None:
    joined = found("ü 3.png", "cats/0.png", "dogs/0.png")
    np.testing.assert_array_equal(joined.rows, [4, 0, 2])
    assert not joined.by_base_name.any()


def test_join__by_a_base_name_that_one_has() -> None:
    joined = found("2.png", "images/train/1.png", "C:\\pictures\\ü 3.png")
    np.testing.assert_array_equal(joined.rows, [3, 1, 4])
    assert joined.by_base_name.all()


def test_join__folders_decide_between_equal_base_names() -> None:
    joined = found("/data/dogs/0.png", "birds/0.png", "zebra.png")
    np.testing.assert_array_equal(joined.rows, [2, -1, -1])


def test_join__a_sample_that_is_named_in_full_is_not_taken_by_a_base_name() -> None:
    np.testing.assert_array_equal(found("cats/1.png", "birds/1.png").rows, [1, -1])


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        (["0.png"], ["'0.png'", "'cats/0.png'", "'dogs/0.png'"]),
        (["a/1.png", "b/1.png"], ["'a/1.png'", "'b/1.png'", "one sample"]),
        (["/k/x/cats/0.png"], ["'cats/0.png'", "'x/cats/0.png'"]),
    ],
)
def test_join__what_is_ambiguous_names_both(wanted: list[str], named: list[str]) -> None:
    with pytest.raises(InvalidInputError) as error:
        found(*wanted)
    assert all(part in str(error.value) for part in ["the file", *named])


def test_join__name_and_id_of_one_sample() -> None:
    table = table_of({"cats/1.png": "a", "other": "b"})
    table = table.set_column(0, "sample_id", pa.array([None, IDS[1]]))
    texts = pa.large_string()
    with pytest.raises(InvalidInputError, match=r"'cats/1\.png' and 'other' are one sample"):
        join(table, pa.array(IDS, texts), pa.array(NAMES, texts), "the file")


def test_join__many_names_as_a_dictionary_finds_them() -> None:
    rng = np.random.default_rng(1)
    names = [f"{folder}/{number}.png" for folder in "ab" for number in range(500)] + [f"c/{n}.jpg" for n in range(300)]
    wanted = [*rng.permutation(names)[:700].tolist(), *(f"{n}.jpg" for n in range(300, 320))]
    texts = pa.large_string()
    ids = pa.array([str(number) for number in range(len(names))], texts)
    rows = join(table_of(dict.fromkeys(wanted, "a")), ids, pa.array(names, texts), "the file").rows
    by_name = {name: row for row, name in enumerate(names)}
    np.testing.assert_array_equal(rows, [by_name.get(name, -1) for name in wanted])

import numpy as np
import pyarrow as pa
import pytest

from lightly_ray.data.ids import Ids
from lightly_ray.errors import InvalidInputError

NAMES = ["b.png", "a.png", "ü/ß.png", "", "c.png"]


@pytest.mark.parametrize(
    "values",
    [
        NAMES,
        tuple(NAMES),
        np.array(NAMES),
        np.array(NAMES, dtype=object),
        pa.array(NAMES),
        pa.array(NAMES, type=pa.string_view()),
        pa.chunked_array([NAMES[:2], NAMES[2:]]),
        pa.array(NAMES).dictionary_encode(),
    ],
)
def test_ids__from_anything_that_holds_strings(values: object) -> None:
    ids = Ids.from_values(values)
    assert (len(ids), ids.numbers) == (5, False)
    assert ids.at(np.array([4, 0, 4])) == ["c.png", "b.png", "c.png"]
    assert ids.rows_of(["", "b.png", "c.png"], "query").tolist() == [3, 0, 4]
    assert [name for chunk in ids.texts() for name in chunk] == NAMES
    assert list(ids.texts(np.array([2, 1]))) == [["ü/ß.png", "a.png"]]


@pytest.mark.parametrize("values", [[1, 0], np.array([1, 0], dtype=np.uint8), pa.array([1, 0]), iter([1, 0])])
def test_ids__row_numbers(values: object) -> None:
    ids = Ids.numbered(3)
    assert (len(ids), ids.numbers) == (3, True)
    assert ids.rows_of(values, "query").tolist() == [1, 0]
    assert ids.at(np.array([2, 0])) == [2, 0]
    assert list(ids.texts()) == [["0", "1", "2"]]
    assert ids.name(2) == "row 2"


def test_rows_of__nothing_is_no_row() -> None:
    assert Ids.from_values(NAMES).rows_of([], "query").tolist() == []
    assert Ids.numbered(3).rows_of([], "query").tolist() == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["a", "b", "a", "c", "b", "a"], "2 come more than once, first: 'a' \\(3 times\\)"),
        (["a", None], "1 ids are missing \\(null\\), first at position 1"),
        ([1, 2], "must be strings, got int64"),
        (["a", 2], "must be strings"),
        ("a.png", "give a list of ids, got the single value 'a.png'"),
        (7, "give a list of ids, got int"),
    ],
)
def test_ids__bad_values_are_named(values: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        Ids.from_values(values, "ids")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["a.png", "x.png", "y.png"], "query: 2 of 3 ids are not among the 5 ids of the data, first: 'x.png'"),
        (["a.png", "b.png", "a.png"], "query must be distinct: .* first: 'a.png' \\(2 times\\)"),
        ("a.png", "single value"),
        ([0, 1], "must be strings"),
    ],
)
def test_rows_of__unknown_and_repeated_names(values: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        Ids.from_values(NAMES).rows_of(values, "query")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, 3], "rows 0 .. 2 stand for them; got 3"),
        ([-1], "got -1"),
        ([1, 0, 1], "row 1 comes twice"),
        (["a"], "the data has no ids, give row numbers, got .*'a'"),
        ("a", "the data has no ids, give row numbers, got 'a'"),
        ([0.5], "give row numbers"),
        ([True], "give row numbers"),
    ],
)
def test_rows_of__unknown_and_repeated_numbers(values: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        Ids.numbered(3).rows_of(values, "preselected")


def test_digest__tells_order_and_seams_apart_but_not_chunks() -> None:
    whole = Ids.from_values(["ab", "c", "d"]).digest()
    assert Ids.from_values(pa.chunked_array([["ab"], ["c", "d"]])).digest() == whole
    others = [["a", "bc", "d"], ["c", "ab", "d"], ["ab", "c"], ["ab", "c", "e"]]
    assert len({Ids.from_values(names).digest() for names in others} | {whole, Ids.numbered(3).digest()}) == 6

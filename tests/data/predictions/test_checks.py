from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightly_ray.data.predictions.checks import (
    PredictionFault,
    as_floats,
    as_probabilities,
    checked_distributions,
    checked_units,
    first_fault,
    require_no_fault,
)
from lightly_ray.data.predictions.ragged import Ragged
from lightly_ray.errors import InvalidInputError


@pytest.mark.parametrize(
    ("given_dtype", "expected"),
    [("f2", "f4"), ("f4", "f4"), ("f8", "f8"), ("i8", "f8"), ("u1", "f8"), ("?", "f8"), (">f4", "f4"), (">f8", "f8")],
)
def test_as_floats__dtypes(given_dtype: str, expected: str) -> None:
    found = as_floats(np.array([[0, 1], [1, 0], [0, 0]], given_dtype), "numbers")
    assert found.dtype == np.dtype(expected)
    assert found.tolist() == [[0, 1], [1, 0], [0, 0]]


def test_as_floats__copies_nothing_that_fits() -> None:
    array = np.eye(3, dtype=np.float32)
    assert as_floats(array, "numbers") is array
    assert as_floats(array.T[::2], "numbers").flags.c_contiguous


@pytest.mark.parametrize("values", [["a"], [[1, 2], [3]], [None, {}], "abc"])
def test_as_floats__what_is_no_numbers(values: Any) -> None:
    with pytest.raises(InvalidInputError, match="predictions must be an array of numbers"):
        as_floats(values, "predictions")


def test_as_probabilities__one_column_is_two_classes() -> None:
    np.testing.assert_array_equal(as_probabilities([[0.75], [0.5], [0.0]]), [[0.75, 0.25], [0.5, 0.5], [0, 1]])


@pytest.mark.parametrize(("values", "shape"), [([], (0, 2)), (np.empty((0, 5)), (0, 5)), (np.empty((0, 1)), (0, 2))])
def test_as_probabilities__without_rows(values: Any, shape: tuple[int, int]) -> None:
    assert as_probabilities(values).shape == shape


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4), (), (0, 2, 3)])
def test_as_probabilities__other_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInputError, match="must be a 2-dimensional array"):
        as_probabilities(np.zeros(shape))


def test_as_probabilities__without_classes() -> None:
    with pytest.raises(InvalidInputError, match="at least one class"):
        as_probabilities(np.zeros((3, 0)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_checked_distributions__by_hand(dtype: Any) -> None:
    rows = np.array(
        [
            [0.5, 0.5, 0, 0],
            [0.25, 0.25, np.nan, 0.5],
            [1.0625, -0.0625, 0, 0],
            [np.inf, 0, 0, 0],
            [0.5, 0.25, 0, 0],
            [0.5, 0.5005, 0, 0],
            [np.nan, 2, 0, 0],
        ],
        dtype,
    )
    found = checked_distributions(Ragged.from_matrix(rows))[1]
    assert found.tolist()[:6] == [
        0,
        PredictionFault.NAN,
        PredictionFault.RANGE,
        PredictionFault.RANGE,
        PredictionFault.SUM,
        0,
    ]
    assert found[6] in (PredictionFault.NAN, PredictionFault.RANGE)


@given(st.integers(1, 40), st.data())
def test_faults__found_at_every_place(width: int, data: st.DataObject) -> None:
    # Lengths around the width of the unrolled loops, and the fault anywhere.
    place = data.draw(st.integers(0, width - 1))
    bad, fault = data.draw(
        st.sampled_from([(np.nan, PredictionFault.NAN), (-0.5, PredictionFault.RANGE), (1.5, PredictionFault.RANGE)])
    )
    rows = np.full((3, width), 1 / width)
    rows[1, place] = bad
    assert checked_distributions(Ragged.from_matrix(rows))[1].tolist() == [0, fault, 0]
    assert checked_units(Ragged.from_matrix(rows))[1].tolist() == [0, fault, 0]


def test_checked_distributions__many_classes_in_float32_stay_within_the_tolerance() -> None:
    row = np.random.default_rng(2).random((1, 100_000)).astype(np.float32)
    row /= row.sum(dtype=np.float64)
    assert checked_distributions(Ragged.from_matrix(row.astype(np.float32)))[1].tolist() == [0]


def test_first_fault__the_earlier_check_wins() -> None:
    first, second = np.array([0, 2, 0, 3]), np.array([4, 4, 0, 0])
    assert first_fault(first, second).tolist() == [4, 2, 0, 3]


def test_require_no_fault__names_the_first() -> None:
    faults = np.array([0, 0, PredictionFault.NAN, PredictionFault.SUM], dtype=np.int8)
    require_no_fault(faults[:2])
    with pytest.raises(InvalidInputError, match="2 of 4 maps cannot be used, first: row 2 has a value that is NaN"):
        require_no_fault(faults, what="maps")
    with pytest.raises(InvalidInputError, match="first: 'c' has"):
        require_no_fault(faults, ["a", "b", "c", "d"])


def test_fault__has_a_sentence_each() -> None:
    assert len({str(fault) for fault in PredictionFault}) == len(PredictionFault)

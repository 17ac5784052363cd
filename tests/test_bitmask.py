"""Bit masks: hand-worked cases, and Python's own sets as the oracle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightly_ray.bitmask import BitMask
from lightly_ray.errors import InvalidInputError

rows_of_30 = st.sets(st.integers(0, 29))


def test_from_hex__lowest_bit_is_row_0() -> None:
    assert BitMask.from_hex("0x612").to_rows().tolist() == [1, 4, 9, 10]
    assert BitMask.from_rows([10, 1, 9, 4, 1]).to_hex() == "0x612"


def test_from_hex__upper_case() -> None:
    assert BitMask.from_hex("0XF") == BitMask.from_hex("0xf") == BitMask.from_length(4)


@pytest.mark.parametrize("text", ["", "0x", "612", "0b1", "0x6g", " 0x6", "0x6\n", "-0x6", "0x1_0"])
def test_from_hex__other_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="0x612"):
        BitMask.from_hex(text)


def test_from_rows__negative_row_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="-3"):
        BitMask.from_rows(np.array([5, -3]))


def test_from_length__zero_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="got 0"):
        BitMask.from_length(0)


def test_bit_mask__negative_value_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="-1"):
        BitMask(-1)


def test_select__keeps_the_order_of_the_items() -> None:
    assert BitMask.from_hex("0x16").select(["a", "b", "c", "d", "e", "f"]) == ["b", "c", "e"]


def test_select__too_few_items() -> None:
    with pytest.raises(InvalidInputError, match="needs 5 items, got 4"):
        BitMask.from_hex("0x16").select("abcd")


def test_invert__needs_room() -> None:
    assert BitMask.from_hex("0x16").invert(7).to_rows().tolist() == [0, 3, 5, 6]
    with pytest.raises(InvalidInputError, match="needs 5 samples, the dataset has 4"):
        BitMask.from_hex("0x16").invert(4)


def test_contains__asks_for_one_row() -> None:
    mask = BitMask.from_hex("0x612")
    assert [row for row in range(-1, 14) if row in mask] == [1, 4, 9, 10]


@given(rows_of_30, rows_of_30)
def test_arithmetic__equals_python_sets(left: set[int], right: set[int]) -> None:
    a, b = BitMask.from_rows(left), BitMask.from_rows(right)
    assert (a | b).to_rows().tolist() == sorted(left | right)
    assert (a & b).to_rows().tolist() == sorted(left & right)
    assert (a - b).to_rows().tolist() == sorted(left - right)
    assert a.invert(30).to_rows().tolist() == sorted(set(range(30)) - left)
    assert a.count == len(left)


@given(rows_of_30)
def test_from_rows__round_trip(rows: set[int]) -> None:
    mask = BitMask.from_rows(rows)
    assert BitMask.from_hex(mask.to_hex()) == mask
    assert set(mask.to_rows().tolist()) == rows
    assert mask.fits(30)


def test_to_rows__a_million_samples() -> None:
    rows = np.random.default_rng(0).choice(1_000_003, size=400_001, replace=False)
    mask = BitMask.from_hex(BitMask.from_rows(rows).to_hex())
    np.testing.assert_array_equal(mask.to_rows(), np.sort(rows))

"""Texts that a spreadsheet would run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightly_ray.data.spreadsheets import harmless, unharmed


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\ta", "\ra", "'=1"])
def test_harmless__no_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"


@given(st.text("'=+-@a\t\r ", max_size=6))
def test_unharmed__brings_every_text_back(text: str) -> None:
    assert unharmed(harmless(text)) == text
    assert not harmless(text).startswith(("=", "+", "-", "@", "\t", "\r"))

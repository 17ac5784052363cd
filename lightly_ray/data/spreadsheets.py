"""Texts in a CSV that a spreadsheet would run as formulas, kept from it and brought back."""

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def harmless(text: str) -> str:
    """The text with an apostrophe in front where a spreadsheet would take it for a formula.

    A text that looks as if it had come out of here gets one too, so that `unharmed` brings every text back.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unharmed(text: str) -> str:
    """The text that `harmless` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text

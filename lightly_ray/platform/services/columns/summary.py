"""What is said of a column without its values: its name, range and histogram, or its categories."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NotRequired

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypedDict

Source = Literal["metadata", "custom", "score", "label", "folder"]
Values = NDArray[np.float32] | NDArray[np.uint16]

BINS = 40
MOST_CATEGORIES = 1000
MISSING = 65_535  # of a category; a number that is missing is NaN


class Summary(TypedDict):
    """A column as the browser is told of it.

    A number has ``min``, ``max`` and ``histogram`` (40 counts over [min, max]); a category has ``values``, the texts
    with their counts, most frequent first, and its numbers are positions among these.
    """

    key: str
    title: str
    kind: Literal["number", "category"]
    source: Source
    version: str
    missing: int
    min: NotRequired[float]
    max: NotRequired[float]
    histogram: NotRequired[list[int]]
    values: NotRequired[list[tuple[str, int]]]


@dataclass(frozen=True, slots=True)
class Title:
    """What a column is called, and where it comes from."""

    key: str
    title: str
    source: Source
    version: str


def number_summary(title: Title, values: NDArray[np.float32]) -> Summary | None:
    """Describe numbers, (n,), NaN where missing; None where all are.

    The histogram's bins are equally wide, the last one closed; of a constant column, all is in the first.
    """
    known = values[~np.isnan(values)].astype(np.float64)
    if not len(known):
        return None
    low, high = float(known.min()), float(known.max())
    scale = BINS / (high - low) if high > low else 0
    bins = np.minimum(((known - low) * scale).astype(np.int64), BINS - 1)
    return {
        **_named(title, "number", len(values) - len(known)),
        "min": low,
        "max": high,
        "histogram": np.bincount(bins, minlength=BINS).tolist(),
    }


def category_summary(
    title: Title, codes: NDArray[np.uint16], texts: Sequence[str]
) -> tuple[Summary, NDArray[np.uint16]] | None:
    """Describe categories, and number them by how frequent they are, equally frequent ones by text.

    Args:
        title: of the column.
        codes: (n,) positions in ``texts``, `MISSING` where missing.
        texts: distinct, at most `MOST_CATEGORIES`.

    Returns:
        The summary and the (n,) codes that belong to it; None where all are missing.
    """
    counts = np.bincount(codes, minlength=MISSING + 1)
    used = [code for code in range(len(texts)) if counts[code]]
    if not used:
        return None
    order = sorted(used, key=lambda code: (-counts[code], texts[code]))
    renumbered = np.full(MISSING + 1, MISSING, dtype=np.uint16)
    renumbered[order] = np.arange(len(order))
    named = _named(title, "category", int(counts[MISSING]))
    return {**named, "values": [(texts[code], int(counts[code])) for code in order]}, renumbered[codes]


def little_endian(values: Values) -> bytes:
    """Values as browsers read them, on any machine."""
    return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()


def _named(title: Title, kind: Literal["number", "category"], missing: int) -> Summary:
    return {
        "key": title.key,
        "title": title.title,
        "kind": kind,
        "source": title.source,
        "version": title.version,
        "missing": missing,
    }

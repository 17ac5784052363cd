"""Sets of samples as bit masks, shared by client and platform.

A dataset has a fixed order of its samples (its mappings). Bit i of a mask, the lowest bit being
bit 0, says whether the sample at row i belongs to the set. On the wire a mask is a hexadecimal
string, so `0x612` holds the rows 1, 4, 9 and 10. Masks know nothing about how many samples the
dataset has: `fits` checks that, and `invert` takes it as an argument.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from lightly_ray.errors import InvalidInputError

T = TypeVar("T")

_HEX = re.compile(r"0[xX][0-9a-fA-F]+\Z")


@dataclass(frozen=True, slots=True)
class BitMask:
    """An immutable set of rows.

    Attributes:
        value: the mask as a non-negative number; row i is in the set where bit i is 1.
    """

    value: int = 0

    def __post_init__(self) -> None:
        if self.value < 0:
            raise InvalidInputError(f"a bit mask must not be negative, got {self.value}")

    @classmethod
    def from_hex(cls, text: str) -> Self:
        """Read ``0x...``; upper and lower case are the same."""
        if not _HEX.match(text):
            raise InvalidInputError(f"a bit mask looks like 0x612, got {text[:40]!r}")
        return cls(int(text, 16))

    @classmethod
    def from_length(cls, total: int) -> Self:
        """All of ``total`` rows.

        Raises:
            InvalidInputError: ``total`` is less than 1.
        """
        if total < 1:
            raise InvalidInputError(f"a bit mask of all samples needs at least one sample, got {total}")
        return cls((1 << total) - 1)

    @classmethod
    def from_rows(cls, rows: Iterable[int] | NDArray[np.integer]) -> Self:
        """The set of these rows, in any order; a repeated row counts once."""
        listed = rows if isinstance(rows, np.ndarray) else list(rows)
        array = np.asarray(listed, dtype=np.int64)
        if not array.size:
            return cls(0)
        if array.min() < 0:
            raise InvalidInputError(f"rows must not be negative, got {array.min()}")
        # One byte per row on the way: quick, and 100 M rows still fit in 100 MB.
        bits = np.zeros(int(array.max()) + 1, dtype=np.uint8)
        bits[array] = 1
        return cls(int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little"))

    @classmethod
    def from_bytes(cls, octets: bytes) -> Self:
        """The set whose row i is bit i % 8 of byte i >> 3, the lowest bit being bit 0."""
        return cls(int.from_bytes(octets, "little"))

    def to_bytes(self, total: int) -> bytes:
        """The same bytes for ``total`` rows, ceil(total / 8) of them.

        Raises:
            InvalidInputError: a row is not below ``total``.
        """
        if not self.fits(total):
            raise InvalidInputError(f"the bit mask needs {self.value.bit_length()} samples, the dataset has {total}")
        return self.value.to_bytes((total + 7) // 8, "little")

    def to_hex(self) -> str:
        """The mask as ``0x...``, lower case, without leading zeros; the empty set is ``0x0``."""
        return hex(self.value)

    def to_rows(self) -> NDArray[np.int64]:
        """The rows of the set, (count,) int64, ascending."""
        length = (self.value.bit_length() + 7) // 8
        octets = np.frombuffer(self.value.to_bytes(length, "little"), dtype=np.uint8)
        return np.flatnonzero(np.unpackbits(octets, bitorder="little")).astype(np.int64)

    @property
    def count(self) -> int:
        """How many rows are in the set."""
        return self.value.bit_count()

    def fits(self, total: int) -> bool:
        """Whether every row is below ``total``."""
        return self.value.bit_length() <= total

    def select(self, items: Sequence[T]) -> list[T]:
        """The items at the rows of the set, in the order of ``items``.

        Raises:
            InvalidInputError: the set has a row that ``items`` does not have.
        """
        if not self.fits(len(items)):
            raise InvalidInputError(f"the bit mask needs {self.value.bit_length()} items, got {len(items)}")
        return [items[row] for row in self.to_rows().tolist()]

    def union(self, other: "BitMask") -> "BitMask":
        """Rows in this set or the other."""
        return BitMask(self.value | other.value)

    def intersection(self, other: "BitMask") -> "BitMask":
        """Rows in both sets."""
        return BitMask(self.value & other.value)

    def difference(self, other: "BitMask") -> "BitMask":
        """Rows in this set and not in the other."""
        return BitMask(self.value & ~other.value)

    def invert(self, total: int) -> "BitMask":
        """Rows below ``total`` that are not in this set."""
        if not self.fits(total):
            raise InvalidInputError(f"the bit mask needs {self.value.bit_length()} samples, the dataset has {total}")
        return BitMask((1 << total) - 1 - self.value)

    __or__ = union
    __and__ = intersection
    __sub__ = difference

    def __contains__(self, row: int) -> bool:
        return row >= 0 and bool(self.value >> row & 1)

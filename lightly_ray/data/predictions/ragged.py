"""Ragged of different lengths over one flat array, without a Python object per row."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Ragged:
    """N rows of numbers; row i is ``values[offsets[i]:offsets[i + 1]]``, as in an Arrow list array.

    Attributes:
        values: (V,), C-contiguous.
        offsets: (N + 1,) int64, from 0 to V, never falling.
    """

    values: NDArray[Any]
    offsets: NDArray[np.int64]

    @classmethod
    def from_matrix(cls, matrix: NDArray[Any]) -> "Ragged":
        """The rows of an (N, C) array; no copy where it is C-contiguous."""
        count, width = matrix.shape
        return cls(matrix.reshape(-1), np.arange(count + 1, dtype=np.int64) * width)

    @classmethod
    def from_lengths(cls, values: NDArray[Any], lengths: NDArray[Any]) -> "Ragged":
        """Cut ``values`` into rows of these (N,) lengths."""
        offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        return cls(values, offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(N,) length of each row."""
        return np.diff(self.offsets)

    def row(self, row: int) -> NDArray[Any]:
        """The values of one row."""
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    def with_complement(self) -> "Ragged":
        """Ragged of a single number p become [p, 1 - p]: the two classes of a binary model.

        Longer rows stay as they are; where all are longer, nothing is copied.
        """
        lengths = self.lengths
        single = lengths == 1
        if not single.any():
            return self
        shift = np.cumsum(single) - single  # complements that stand before each row
        values = np.empty(len(self.values) + np.count_nonzero(single), self.values.dtype)
        values[np.arange(len(self.values)) + np.repeat(shift, lengths)] = self.values
        places = self.offsets[:-1][single]
        values[places + shift[single] + 1] = 1 - self.values[places]
        return Ragged.from_lengths(values, lengths + single)


def fold(codes: NDArray[Any], offsets: NDArray[np.int64]) -> NDArray[Any]:
    """The largest code among the items of each of N groups, 0 where there is none.

    Args:
        codes: (B,) integers >= 0, most of them 0.
        offsets: (N + 1,) group i holds the items ``offsets[i]:offsets[i + 1]``.
    """
    result = np.zeros(len(offsets) - 1, codes.dtype)
    faulty = np.flatnonzero(codes)
    np.maximum.at(result, np.searchsorted(offsets, faulty, side="right") - 1, codes[faulty])
    return result

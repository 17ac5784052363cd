"""Rows of a source, whitened while they are read, and the fit before."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from lightly_ray.data.ids import Ids, RowNumbers
from lightly_ray.data.sources import Blocks
from lightly_ray.data.vectors import Layout, Matrix, VectorFault, settle
from lightly_ray.selection.whitening import Moments, Whitening


@dataclass(frozen=True, slots=True, eq=False)
class WhitenedBlocks:
    """Vectors of other blocks, whitened; float32.

    Attributes:
        given: the vectors as they are stored.
        whitening: what is done to them.
    """

    given: Blocks
    whitening: Whitening

    @property
    def layout(self) -> Layout:
        """How every vector comes out."""
        return Layout(len(self.whitening.axes), np.dtype(np.float32))

    def blocks(self, rows: RowNumbers) -> Iterator[tuple[RowNumbers, Matrix | VectorFault]]:
        """Yield the vectors of ``rows``."""
        for part, block in _settled(self.given, rows):
            yield part, block if isinstance(block, VectorFault) else self.whitening(block)


def moments_of(given: Blocks, rows: RowNumbers) -> Moments | VectorFault:
    """What a whitening is fitted on, of the vectors of some rows; or the first bad vector."""
    moments = Moments(given.layout.width)
    for _, block in _settled(given, rows):
        if isinstance(block, VectorFault):
            return block
        moments.add(block)
    return moments


def fit_whitening(parts: Iterable[Moments | VectorFault], ids: Ids) -> Whitening:
    """The whitening of the rows of all parts.

    Raises:
        InvalidInputError: a vector is bad, or all are alike.
    """
    faults, whole = [], None
    for part in parts:
        if isinstance(part, VectorFault):
            faults.append(part)
        elif whole is None:
            whole = part
        else:
            whole.merge(part)
    if faults or whole is None:
        raise min(faults, key=lambda fault: fault.row).error(ids)
    return whole.fit()


def _settled(given: Blocks, rows: RowNumbers) -> Iterator[tuple[RowNumbers, Matrix | VectorFault]]:
    for part, block in given.blocks(rows):
        yield part, block if isinstance(block, VectorFault) else settle(block, part, normalize=False)

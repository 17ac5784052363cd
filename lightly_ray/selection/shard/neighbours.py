"""Lower bounds by neighbours first: which of the newer centers is likely to lie near a row.

A row whose bound stands above the threshold needs one center nearer than that, and in clustered data the likely ones
are the neighbours of the center that the row is nearest to so far. So every center keeps a short list of the centers
closest to it; a row tries those on the list of its nearest center, moves on where one of them is nearer, and stops
when its key falls under the threshold. Such a bound is an exact distance to a center, hence as good as any; the number
of centers that the row has been compared with stays, since those left out are not known. Lists come from products of
the screen, rounding included: they are guesses, and decide nothing.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lightly_ray.compiled import compiled
from lightly_ray.selection.distance import DEPTH, pair_distance
from lightly_ray.selection.intrinsics import prefetch_row
from lightly_ray.selection.order import first_largest
from lightly_ray.selection.screening.exact import Block, Nearest, Vectors, may_be_nearer
from lightly_ray.selection.screening.screen import as_centers
from lightly_ray.selection.threads import on_threads

LENGTH = 8  # of a list
PENDING = 128  # centers that a row has yet to be compared with, for the lists to be worth trying
ROWS = 8  # rows per center, for the lists to be worth their products of all centers with all
_AHEAD = 4  # rows
_BATCH = 256  # centers; what is compared at once stays in the cache

Lists = tuple[NDArray[np.int32], NDArray[np.float32]]
"""For some centers: their neighbours (n, LENGTH), and the products that say how close those are."""


class Neighbours:
    """For every center, the centers closest to it.

    Attributes:
        lists: (capacity, LENGTH) int32, the farthest first, -1 where there are fewer.
    """

    def __init__(self) -> None:
        self._known = 0
        self.lists, self._products = _empty(0)

    def learn(self, features: NDArray[np.float32], threads: int) -> None:
        """Take in centers that are new since the last call.

        Args:
            features: (n, width) of all centers, as a screen makes them.
            threads: how many work at once.
        """
        if len(features) > len(self.lists):
            self._grow(2 * len(features))
        for start in range(self._known, len(features), _BATCH):
            self._link(features[: start + _BATCH], start, threads)
        self._known = len(features)

    def _link(self, features: NDArray[np.float32], start: int, threads: int) -> None:
        """Put the centers from ``start`` on onto the lists of all others, and those onto theirs."""
        new = features[start:]
        rows = as_centers(new.copy())  # and back
        # Threads share the older centers among them; each puts neighbours of the new ones onto lists of its own.
        own = [_empty(len(new)) for _ in range(threads)]

        def compare(thread: int) -> None:
            for first in range(thread * _BATCH, len(features), threads * _BATCH):
                block = features[first : first + _BATCH] @ rows.T
                _offer(block, first, start, (self.lists, self._products), own[thread])

        on_threads(threads, compare, range(threads))
        for lists in own:
            _merge(lists, (self.lists[start:], self._products[start:]))

    def _grow(self, capacity: int) -> None:
        lists, products = self.lists, self._products
        self.lists, self._products = _empty(capacity)
        self.lists[: len(lists)], self._products[: len(lists)] = lists, products


def _empty(count: int) -> Lists:
    return np.full((count, LENGTH), -1, np.int32), np.full((count, LENGTH), np.inf, np.float32)


@compiled()
def _offer(products: NDArray[np.float32], first: int, start: int, lists: Lists, own: Lists) -> None:
    """Offer the centers from ``start`` on to all those from ``first`` on, and the older ones of these to them."""
    for i in range(len(products)):
        center = first + i
        for j in range(products.shape[1]):
            if products[i, j] < lists[1][center, 0] and center != start + j:
                _put(center, start + j, products[i, j], lists)
            if products[i, j] < own[1][j, 0] and center < start:
                _put(j, center, products[i, j], own)


@compiled()
def _merge(new: Lists, lists: Lists) -> None:
    """Put what is on some lists onto others."""
    for center, slot in np.ndindex(new[0].shape):
        if new[1][center, slot] < lists[1][center, 0]:
            _put(center, new[0][center, slot], new[1][center, slot], lists)


@compiled()
def _put(center: int, other: int, product: float, lists: Lists) -> None:
    """Replace the farthest on a list, which stands first."""
    members, products = lists[0][center], lists[1][center]
    products[0], members[0] = product, other
    farthest = first_largest(products)
    products[0], products[farthest] = products[farthest], products[0]
    members[0], members[farthest] = members[farthest], members[0]


class Pending(NamedTuple):
    """What says how far rows still have to fall.

    Attributes:
        threshold: of the keys.
        scores: (N,), empty where all count alike.
        compared: (N,) number of centers that each row has been compared with.
        scale: of the screen.
    """

    threshold: float
    scores: NDArray[np.float64]
    compared: NDArray[np.int32]
    scale: float


@compiled()
def lower_by_neighbours(
    vectors: Vectors,
    centers: Block,
    lists: NDArray[np.int32],
    pending: Pending,
    bounds: Nearest,
) -> int:
    """Lower the bounds of rows by the neighbours of their nearest centers, until their keys are under the threshold.

    Args:
        vectors: of the rows.
        centers: all of them.
        lists: of the neighbours.
        pending: which rows have to be lowered, and how far.
        bounds: changed in place.

    Returns:
        How many pairs were compared.
    """
    rows, source, positions = vectors
    block, _, plan = centers
    upper, nearest = bounds
    threshold, scores, compared, scale = pending
    stack, pairs = np.empty(DEPTH), 0
    for i in range(len(rows)):
        if i + _AHEAD < len(rows):
            prefetch_row(source, positions[i + _AHEAD])
        row, x = rows[i], source[positions[i]]
        enough = threshold / scores[row] if len(scores) > 0 and scores[row] > 0 else threshold
        tried = -1
        while tried != nearest[row] and upper[row] >= enough:
            tried = nearest[row]
            for slot in range(LENGTH):
                center = lists[tried, slot]
                if center >= compared[row]:  # -1, and those already compared, are not
                    pairs += 1
                    if may_be_nearer(x, block[center], upper[row], scale):
                        distance = pair_distance(x, block[center], plan, stack)
                        if distance < upper[row]:
                            upper[row], nearest[row] = distance, center
    return pairs

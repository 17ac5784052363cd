"""Which points of two leaves are near, and the groups that follow; compiled.

A pair is ruled out by its leading coordinates, a few at a time; what is left is decided in float64, coordinate after
coordinate. Groups are a forest: each place points to another one of its group, a root to itself. Pairs of one group
are left alone, and where most points of two leaves are of one group already, only the others are looked at.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lightly_ray.compiled import compiled
from lightly_ray.data.vectors import Matrix
from lightly_ray.platform.grouping.leaves import FAR, GROUP, LEAF, ROUNDING, Leaves

_FEW = 8  # points of a leaf that are followed one by one
WIDE = 30  # coordinates in float32 cost as much as one that is made a unit vector's in float64
_far = np.float32(FAR)


class Near(NamedTuple):
    """What is near.

    Attributes:
        vectors: (M, D) as they are stored, float32 or float64.
        scales: (M, 2) what makes them unit vectors.
        within: the largest distance.
        limit: of the squared distance over leading coordinates, in float32: no near pair is beyond it.
    """

    vectors: Matrix
    scales: NDArray[np.float64]
    within: float
    limit: np.float32


def limit(within: float, channels: int) -> np.float32:
    """The largest squared distance of near vectors over ``channels`` leading coordinates, added up in float32."""
    # Rounded coordinates move each of two points by this much at most; float64 has rounded before, by far less.
    apart = within * (1 + 1e-9) + 2 * ROUNDING + 1e-9
    # A difference, its square and each sum are rounded once more.
    return np.float32(np.nextafter(np.float32(apart**2 * (1 + (channels + 4) * 2 * ROUNDING)), np.float32(np.inf)))


@compiled(error_model="numpy")
def root(parents: NDArray[np.int32], place: int) -> int:
    """The root of a place; the way there is made shorter."""
    while parents[place] != place:
        parents[place] = parents[parents[place]]
        place = parents[place]
    return place


@compiled(error_model="numpy")
def join(parents: NDArray[np.int32], left: int, right: int) -> None:
    """Make one group of two; the lower root stays one."""
    left, right = root(parents, left), root(parents, right)
    parents[max(left, right)] = min(left, right)


@compiled(error_model="numpy")
def merge(parents: NDArray[np.int32], others: NDArray[np.int32]) -> None:
    """Join what is joined in another forest of the same places."""
    for place in range(len(parents)):
        if others[place] != place:
            join(parents, place, others[place])


@compiled(error_model="numpy")
def is_near(near: Near, left: int, right: int) -> bool:
    """Whether two vectors, by their rows, are near: the one decision, in float64."""
    total = 0.0
    most = near.within**2 * (1 + 1e-9)
    for axis in range(near.vectors.shape[1]):
        one = np.float64(near.vectors[left, axis]) / near.scales[left, 0] / near.scales[left, 1]
        other = np.float64(near.vectors[right, axis]) / near.scales[right, 0] / near.scales[right, 1]
        total += (one - other) * (one - other)
        if total > most:
            return False
    return bool(np.sqrt(total) <= near.within)


@compiled(error_model="numpy", fastmath={"contract"})
def _add(
    block: NDArray[np.float32], point: NDArray[np.float32], first: int, squares: NDArray[np.float32], most: np.float32
) -> np.int32:
    """Add the squared differences of `GROUP` coordinates to those of a leaf; how many are within the limit."""
    a, b, c, d = point[first], point[first + 1], point[first + 2], point[first + 3]
    e, f, g, h = point[first + 4], point[first + 5], point[first + 6], point[first + 7]
    count = np.int32(0)
    for at in range(LEAF):
        one, two = block[first, at] - a, block[first + 1, at] - b
        three, four = block[first + 2, at] - c, block[first + 3, at] - d
        five, six = block[first + 4, at] - e, block[first + 5, at] - f
        seven, eight = block[first + 6, at] - g, block[first + 7, at] - h
        left = (one * one + two * two) + (three * three + four * four)
        right = (five * five + six * six) + (seven * seven + eight * eight)
        squares[at] += left + right
        count = np.int32(count + np.int32(squares[at] <= most))
    return count


@compiled(error_model="numpy")
def _candidates(
    block: NDArray[np.float32],
    point: NDArray[np.float32],
    most: np.float32,
    squares: NDArray[np.float32],
    found: NDArray[np.int64],
) -> int:
    """Put those of a leaf that leading coordinates do not rule out into ``found``; how many they are."""
    squares[:] = 0
    done, count = 0, LEAF
    while done < len(point) and count > _FEW:
        count = _add(block, point, done, squares, most)
        done += GROUP
    if count == 0:
        return 0
    count = 0
    for at in range(LEAF):
        square = squares[at]
        axis = done
        while square <= most and axis < len(point):
            square += (block[axis, at] - point[axis]) * (block[axis, at] - point[axis])
            axis += 1
        if square <= most:
            found[count] = at
            count += 1
    return count


@compiled(error_model="numpy")
def _outside(leaves: Leaves, leaf: int, point: NDArray[np.float32], most: np.float32) -> bool:
    """Whether a point is too far from the box of a leaf."""
    square = np.float32(0)
    for axis in range(leaves.low.shape[1]):
        step = max(leaves.low[leaf, axis] - point[axis], point[axis] - leaves.high[leaf, axis], np.float32(0))
        square += step * step
        if square > most:
            return True
    return False


@compiled(error_model="numpy")
def _boxes_apart(leaves: Leaves, left: int, right: int, most: np.float32) -> bool:
    square = np.float32(0)
    for axis in range(leaves.low.shape[1]):
        step = max(
            leaves.low[left, axis] - leaves.high[right, axis],
            leaves.low[right, axis] - leaves.high[left, axis],
            np.float32(0),
        )
        square += step * step
    return bool(square > most)


@compiled(error_model="numpy")
def _roots(parents: NDArray[np.int32], leaf: int, found: NDArray[np.int64]) -> int:
    """Find the root of every place of a leaf, -1 where there is no point; how many points there are."""
    count = min(LEAF, len(parents) - leaf * LEAF)
    for place in range(LEAF):
        found[place] = root(parents, leaf * LEAF + place) if place < count else -1
    return count


@compiled(error_model="numpy")
def _most(roots: NDArray[np.int64]) -> int:
    """The root that most have, where more than half of them have it (Boyer and Moore); else another."""
    most, votes = int(roots[0]), 0
    for one in roots:
        if votes == 0:
            most = int(one)
        votes += 1 if one == most else -1
    return most


@compiled(error_model="numpy")
def _have(roots: NDArray[np.int64], wanted: int) -> int:
    """How many have a root."""
    count = 0
    for one in roots:
        count += 1 if one == wanted else 0
    return count


@compiled(error_model="numpy")
def _others(
    block: NDArray[np.float32], roots: NDArray[np.int64], common: int, out: NDArray[np.float32], at: NDArray[np.int64]
) -> int:
    """Copy the points of a leaf that are not of one group, and note their places in the leaf; how many they are."""
    count = 0
    for place in range(LEAF):
        if roots[place] != common and roots[place] >= 0:
            at[count] = place
            count += 1
    for axis in range(len(block)):
        for place in range(LEAF):
            out[axis, place] = block[axis, at[place]] if place < count else _far
    return count


@compiled(error_model="numpy")
def link(leaves: Leaves, near: Near, parents: NDArray[np.int32], mine: NDArray[np.int64], within_leaf: bool) -> None:
    """Join the groups of all near pairs of some leaves with themselves, or with all that follow.

    Args:
        leaves: all of them.
        near: what is near.
        parents: (N,) the forest.
        mine: which leaves.
        within_leaf: with themselves; else with those that follow.
    """
    here, there = np.empty(LEAF, np.int64), np.empty(LEAF, np.int64)
    for left in mine:
        for right in range(left, left + 1) if within_leaf else range(left + 1, len(leaves.leading)):
            if not _boxes_apart(leaves, left, right, near.limit):
                points = _roots(parents, left, here), _roots(parents, right, there)
                common = _most(here[: points[0]])
                if _have(here, common) < points[0] or _have(there, common) < points[1]:
                    _link_two(leaves, near, parents, (left, right, common), (here, there))


@compiled(error_model="numpy")
def _link_two(
    leaves: Leaves,
    near: Near,
    parents: NDArray[np.int32],
    pair: tuple[int, int, int],
    roots: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> None:
    """Join near pairs of two leaves; the third of ``pair`` is the group that most of the first are of, if any is."""
    left, right, common = pair
    here, there = roots
    block = leaves.leading[right]
    squares, found = np.empty(LEAF, np.float32), np.empty(LEAF, np.int64)
    rest, at, left_over = block, np.arange(LEAF), LEAF
    fewer = 4 * _have(there, common) >= LEAF
    if fewer:
        rest = np.empty((len(block), LEAF), np.float32)
        left_over = _others(block, there, common, rest, at)
    points_there = min(LEAF, len(parents) - right * LEAF)
    one_group = left != right and _have(there, there[0]) == points_there
    for place in range(min(LEAF, len(parents) - left * LEAF)):
        mine = left * LEAF + place
        less = fewer and here[place] == common
        if (less and left_over == 0) or (one_group and root(parents, mine) == root(parents, right * LEAF)):
            continue
        point = leaves.leading[left, :, place].copy()
        if _outside(leaves, right, point, near.limit):
            continue
        count = _candidates(rest if less else block, point, near.limit, squares, found)
        for candidate in found[:count]:
            other = right * LEAF + (at[candidate] if less else candidate)
            known = root(parents, mine) == root(parents, other)
            if not known and is_near(near, leaves.order[mine], leaves.order[other]):
                join(parents, mine, other)


@compiled(error_model="numpy")
def in_vain(leaves: Leaves, near: Near, step: int, places: NDArray[np.int64]) -> float:
    """How many coordinates have to be compared to find that other points are not near some places.

    Every ``step``-th leaf is looked at, and stands for as many. Points that are near cost little, whatever their
    number: soon they are of one group.
    """
    total = 0.0
    for place in places:
        point = leaves.leading[place // LEAF, :, place % LEAF].copy()
        for leaf in range(place % step, len(leaves.leading), step):
            if not _outside(leaves, leaf, point, near.limit):
                for at in range(min(LEAF, len(leaves.order) - leaf * LEAF)):
                    total += _compared(leaves, near, place, leaf * LEAF + at)
    return total * step


@compiled(error_model="numpy")
def _compared(leaves: Leaves, near: Near, left: int, right: int) -> int:
    """How many coordinates are compared to find that two places are not near; 0 where they are."""
    one, other = leaves.leading[left // LEAF], leaves.leading[right // LEAF]
    square, axis = np.float32(0), 0
    while axis < len(one):
        step = one[axis, left % LEAF] - other[axis, right % LEAF]
        square += step * step
        axis += 1
        if axis % GROUP == 0 and square > near.limit:
            return axis
    if is_near(near, leaves.order[left], leaves.order[right]):
        return 0
    return axis + WIDE * int(near.vectors.shape[1])


@compiled(error_model="numpy")
def flatten(parents: NDArray[np.int32]) -> None:
    """Let every place point to its root."""
    for place in range(len(parents)):
        parents[place] = root(parents, place)

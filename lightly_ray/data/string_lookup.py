"""Millions of names by their hashes: which come twice, and where some of them are.

    h(name) = FNV-1a, 64 bit

A hash table of N strings takes ten times the memory of the strings; sorted hashes take 8 bytes per name.
Hashes only point: equal ones are compared as strings, so that a collision changes nothing.

References:
    Fowler, Noll, Vo. The FNV non-cryptographic hash algorithm. RFC 9923.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lightly_ray.compiled import compiled

CHUNK = 1 << 18  # names looked at in one go


def contents(names: pa.LargeStringArray) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """(n + 1,) where each name begins and the last one ends, and the bytes of all, without a copy."""
    if not len(names):  # Arrow may leave out the buffers
        return np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.uint8)
    _, places, data = names.buffers()
    offsets = np.frombuffer(places, np.int64)[names.offset : names.offset + len(names) + 1]
    return offsets, np.frombuffer(data or b"", np.uint8)


def duplicates(names: pa.LargeStringArray) -> pa.StructArray:
    """The names that come more than once, as Arrow's `value_counts` returns them: `values` and `counts`."""
    hashes = _hashes(names)
    ordered = np.sort(hashes)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    counts = pc.value_counts(names.filter(pa.array(np.isin(hashes, twice))) if len(twice) else names[:0])
    return counts.filter(pc.greater(counts.field("counts"), 1))


def positions_in(wanted: pa.LargeStringArray, names: pa.LargeStringArray) -> NDArray[np.int64]:
    """Where some names are among all.

    Args:
        wanted: (k,) distinct.
        names: (N,) distinct.

    Returns:
        (k,) positions in ``names``, -1 for those that are not there.
    """
    hashes = _hashes(wanted)
    order = np.argsort(hashes)
    ordered, positions = hashes[order], np.full(len(wanted), -1, dtype=np.int64)
    for start, chunk in chunks(names) if len(wanted) else ():
        here = _hashes(chunk)
        place = np.minimum(np.searchsorted(ordered, here), len(ordered) - 1)
        hits = np.flatnonzero(ordered[place] == here)
        positions[order[place[hits]]] = start + hits
    hit = np.flatnonzero(positions >= 0)
    same = pc.equal(names.take(pa.array(positions[hit])), wanted.take(pa.array(hit))).to_numpy(zero_copy_only=False)
    positions[hit[~same]] = -1
    missed = np.flatnonzero(positions < 0)
    if len(missed):  # unknown, or with the hash of another: a table of these few decides
        at = pc.index_in(names, value_set=wanted.take(pa.array(missed))).fill_null(-1).to_numpy()
        hits = np.flatnonzero(at >= 0)
        positions[missed[at[hits]]] = hits
    return positions


def chunks(names: pa.LargeStringArray) -> Iterator[tuple[int, pa.LargeStringArray]]:
    """Where each chunk begins, and its names."""
    for start in range(0, len(names), CHUNK):
        yield start, names.slice(start, CHUNK)


def _hashes(names: pa.LargeStringArray) -> NDArray[np.uint64]:
    out = np.empty(len(names), dtype=np.uint64)
    if len(names):
        _fnv(*contents(names), out)
    return out


@compiled()
def _fnv(offsets: NDArray[np.int64], data: NDArray[np.uint8], out: NDArray[np.uint64]) -> None:
    for i in range(len(out)):
        value = np.uint64(0xCBF29CE484222325)
        for k in range(offsets[i], offsets[i + 1]):
            value = (value ^ np.uint64(data[k])) * np.uint64(0x100000001B3)
        out[i] = value

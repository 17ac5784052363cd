"""Which samples of a dataset the rows of a file of labels are of.

A row that brings a sample id is of that sample, or of none. Else its file name decides: the full name as the dataset
has it; else the base name, what stands behind the last slash. Tools flatten folders, or put their own in front, so a
base name is taken where one sample alone can be meant; where several can, that is an error, never a guess.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lightly_ray.data.string_lookup import positions_in
from lightly_ray.errors import InvalidInputError

_FOLDERS = r"^.*[/\\]"


@dataclass(frozen=True, slots=True)
class Joined:
    """Where the rows of a file belong.

    Attributes:
        rows: (n,) rows of the dataset, distinct but for -1: no sample of it.
        by_base_name: (n,) whether the base name alone has decided.
    """

    rows: NDArray[np.int64]
    by_base_name: NDArray[np.bool_]


def join(table: pa.Table, ids: pa.LargeStringArray, names: pa.LargeStringArray, what: str) -> Joined:
    """Find the samples of labels.

    Args:
        table: as of `Labels`, n rows.
        ids: (N,) of all samples of the dataset, by row.
        names: (N,) their file names.
        what: the file, as errors name it.

    Raises:
        InvalidInputError: a base name may be that of several samples, or two rows are of one sample; both are named.
    """
    sample_ids, filenames = (table[name].cast(pa.large_string()).combine_chunks() for name in ("sample_id", "filename"))
    rows = np.full(len(table), -1, dtype=np.int64)
    by_id = np.asarray(pc.is_valid(sample_ids))
    rows[by_id] = positions_in(sample_ids.filter(pa.array(by_id)), ids)
    rows[~by_id] = positions_in(filenames.filter(pa.array(~by_id)), names)
    left = np.flatnonzero(~by_id & (rows < 0))
    if len(left):
        rows[left] = _by_base_name(filenames.take(pa.array(left)), names, rows[rows >= 0], what)
    _require_distinct(rows, sample_ids, filenames, what)
    by_base_name = np.zeros(len(rows), dtype=bool)
    by_base_name[left] = rows[left] >= 0
    return Joined(rows, by_base_name)


def _by_base_name(
    wanted: pa.LargeStringArray, names: pa.LargeStringArray, taken: NDArray[np.int64], what: str
) -> NDArray[np.int64]:
    bases = _base(wanted).dictionary_encode()
    numbers = pc.index_in(_base(names), value_set=bases.dictionary).fill_null(-1).to_numpy().astype(np.int64)
    counts = np.bincount(numbers[numbers >= 0], minlength=len(bases.dictionary))
    numbers[taken] = -1  # another row of the file is called exactly like these
    free = np.flatnonzero(numbers >= 0)
    only = np.full(len(bases.dictionary), -1, dtype=np.int64)
    only[numbers[free]] = free
    base = bases.indices.to_numpy()
    rows = np.where(counts[base] == 1, only[base], -1)
    several = np.flatnonzero(counts[base] > 1)
    order = free[np.argsort(numbers[free], kind="stable")]
    starts = np.searchsorted(numbers[order], np.arange(len(bases.dictionary) + 1))
    namesakes: dict[int, _Namesakes] = {}
    for place in several.tolist():
        number = int(base[place])
        if number not in namesakes:
            namesakes[number] = _Namesakes.of(order[starts[number] : starts[number + 1]], names)
        rows[place] = namesakes[number].meant(wanted[place].as_py(), what)
    return rows


@dataclass(frozen=True, slots=True)
class _Namesakes:
    """Samples of one base name."""

    rows: NDArray[np.int64]
    names: pa.LargeStringArray
    places: dict[str, int]

    @classmethod
    def of(cls, rows: NDArray[np.int64], names: pa.LargeStringArray) -> "_Namesakes":
        mine = names.take(pa.array(rows))
        return cls(rows, mine, {name: place for place, name in enumerate(mine.to_pylist())})

    def meant(self, name: str, what: str) -> int:
        """The row of the one whose folders do not speak against a name; -1 where they do of all."""
        own = name.replace("\\", "/")
        parts = own.split("/")
        shorter = ["/".join(parts[first:]) for first in range(len(parts))]
        found = {self.places[one] for one in shorter if one in self.places}
        found.update(np.flatnonzero(pc.ends_with(self.names, pattern=f"/{own}")).tolist())
        if len(found) > 1:
            first, second, *_ = sorted(found)
            raise InvalidInputError(
                f"{what}: {name!r} may be {self.names[first].as_py()!r} or {self.names[second].as_py()!r}: give the "
                "full name, as the dataset has it"
            )
        return int(self.rows[found.pop()]) if found else -1


def _base(names: pa.LargeStringArray) -> pa.LargeStringArray:
    return pc.replace_substring_regex(names, _FOLDERS, "")


def _require_distinct(rows: NDArray[np.int64], ids: pa.Array, names: pa.Array, what: str) -> None:
    order = np.argsort(rows, kind="stable")
    twice = np.flatnonzero((rows[order][1:] == rows[order][:-1]) & (rows[order][1:] >= 0))
    if len(twice):
        first, second = (_called(int(order[twice[0] + step]), ids, names) for step in (0, 1))
        raise InvalidInputError(f"{what}: {first} and {second} are one sample of the dataset")


def _called(place: int, ids: pa.Array, names: pa.Array) -> str:
    name = names[place].as_py()
    return repr(name) if name is not None else f"the sample id {ids[place].as_py()!r}"

"""Where samples go in a folder that is written, and which samples the files of such a folder are.

Names come from strangers: whatever they say, a file lies below its folder, no two at one place. The list
`samples.csv` in the folder says whose each file is.
"""

import csv
import io
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from lightly_ray.data.labels.exporting import Sample
from lightly_ray.data.location import Location
from lightly_ray.data.safe_paths import safe_path
from lightly_ray.data.spreadsheets import harmless, unharmed
from lightly_ray.data.text import read_text
from lightly_ray.errors import InvalidInputError

LIST = "samples.csv"
_HEADER = ("path", "sample_id", "filename")


class Whose(NamedTuple):
    """A sample as the list of a folder has it."""

    sample_id: str
    filename: str


def places(
    samples: Iterable[Sample], key: Callable[[str], str] = lambda path: path, taken: Collection[str] = ()
) -> Iterator[tuple[Sample, str]]:
    """Each sample with its path below the folder of images, none of them hidden.

    Args:
        samples: of distinct names.
        key: what must differ between any two paths; a path for which it does not gets the sample's id.
        taken: paths of other files.
    """
    seen: set[str] = set()
    for sample in samples:
        path = safe_path(sample.filename, sample.sample_id, taken)
        seen_by_all = "/".join(part.lstrip(".") for part in path.split("/"))
        if path != seen_by_all:  # tools pass over what is hidden
            path = safe_path(seen_by_all, sample.sample_id, [seen_by_all])
        while key(path) in seen:
            path = safe_path(path, sample.sample_id, [path])
        seen.add(key(path))
        yield sample, path


def stem(path: str) -> str:
    """A path without the ending of its file."""
    folder, slash, name = path.rpartition("/")
    return folder + slash + (name.rpartition(".")[0] or name)


def list_of(paths: Iterable[tuple[Sample, str]]) -> Iterator[bytes]:
    """The list of a folder: the path of each sample's file below it, "" for those that have none there."""
    yield (",".join(_HEADER) + "\r\n").encode()
    for sample, path in paths:
        line = io.StringIO()
        csv.writer(line).writerow(map(harmless, (path, sample.sample_id, sample.filename)))
        yield line.getvalue().encode()


def read_list(folder: Location) -> dict[str, Whose]:
    """Whose the files of a folder are, by their paths below it; nothing where it has no list.

    Raises:
        InvalidInputError: its list is none.
    """
    place = folder.child(LIST)
    if not place.info().is_file:
        return {}
    rows = csv.reader(io.StringIO(read_text(place), newline=""))
    if tuple(next(rows, ())) != _HEADER:
        raise InvalidInputError(f"{place.shown!r} must begin with the columns {', '.join(_HEADER)}")
    found = {}
    for row in rows:
        if len(row) != len(_HEADER):
            raise InvalidInputError(f"{place.shown!r}: line {rows.line_num} must have {len(_HEADER)} fields")
        path, sample_id, filename = map(unharmed, row)
        found[path] = Whose(sample_id, filename)
    return found

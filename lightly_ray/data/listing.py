"""Which files a folder or a pattern stands for, on any file system: one rule for images, predictions and tables.

Links to folders are followed, as people use them to put data sets together; a link that leads back to a folder above
it is not. Names that begin with a dot are left out: `.cache/`, and the `._photo.jpg` of a Mac.
"""

import fnmatch
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pyarrow import fs

from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError, NotFoundError

_WILD = frozenset("*?[")
# What Spark and Hive write beside Parquet begins with an underscore; in other formats that is a name as any.
_BOOKKEEPING = {".parquet": "_"}
_TABLES = {"_delta_log": "Delta", ".hoodie": "Hudi"}  # folders that say which of the files are in a table now
_ICEBERG = ".metadata.json"


def list_files(place: Location, suffix: str) -> list[str]:
    """The files that one path, folder or pattern stands for, see `find_files`."""
    return find_files([place], suffix)[1]


def find_files(places: Sequence[Location], suffix: str) -> tuple[fs.FileSystem, list[str]]:
    """The files that paths, folders and patterns stand for.

    Args:
        places: all on one file system. A folder stands for the files with ``suffix`` at any depth; a pattern is one
            of a shell (`*`, `?`, `[]`), and `**` matches any depth.
        suffix: `.parquet`, for example, in small letters, which large ones match too; "" takes every file.

    Returns:
        The file system, and the distinct paths in order.

    Raises:
        NotFoundError: a path, folder or pattern stands for no file.
        UnreadableError: one cannot be listed.
        InvalidInputError: the places lie on different file systems, there are none, a name is not UTF-8, or a folder
            of Parquet files is a table of which some may have been deleted.
    """
    if not places:
        raise InvalidInputError("got an empty list of paths")
    first = places[0]
    for place in places:
        if (place.store, place.options) != (first.store, first.options) and not place.filesystem.equals(
            first.filesystem
        ):
            raise InvalidInputError(f"all paths must lie on one file system, {place.shown!r} does not")
    return first.filesystem, sorted({path for place in places for path in _expand(place, suffix)})


def files_below(folder: Location, suffixes: str | tuple[str, ...] = "") -> list[str]:
    """Paths of the files in a folder, at any depth, whose names end so in any case; in no order.

    Raises:
        UnreadableError: it cannot be listed.
        InvalidInputError: the name of such a file is not UTF-8.
    """
    found = [path for path in _walk(folder) if path.lower().endswith(suffixes)]
    require_utf8(found)
    return found


def infos_below(folder: Location, suffixes: str | tuple[str, ...]) -> list[fs.FileInfo]:
    """What is known of those files; of a link to nothing, that there is none. Raises as `files_below`."""
    if folder.is_local:
        infos: list[fs.FileInfo] = folder.filesystem.get_file_info(files_below(folder, suffixes))
        return infos
    # Listing a store says it all: asking again would be a request for every file.
    found = [info for info in _listed(folder) if info.path.lower().endswith(suffixes)]
    require_utf8(info.path for info in found)
    return found


def _walk(folder: Location) -> list[str]:
    if not folder.is_local:
        return [info.path for info in _listed(folder)]
    try:
        status = Path(folder.path).stat()
        return list(_below(folder.path, frozenset({(status.st_dev, status.st_ino)})))
    except OSError as error:
        raise folder.unreadable(error) from error


def _listed(folder: Location) -> list[fs.FileInfo]:
    try:
        infos = folder.filesystem.get_file_info(fs.FileSelector(folder.path, recursive=True))
    except OSError as error:
        raise folder.unreadable(error) from error
    files = {info.path: info for info in infos if info.type == fs.FileType.File}
    return [files[path] for path in _visible(list(files), folder, ".")]


def require_utf8(names: Iterable[str]) -> None:
    """Refuse names of files whose bytes are no UTF-8, which no table and no protocol can hold.

    Raises:
        InvalidInputError: there are some; the first is shown as bytes.
    """
    bad = [name for name in names if not _is_utf8(name)]
    if bad:
        which = f"{len(bad)} file names are" if len(bad) > 1 else "1 file name is"
        raise InvalidInputError(
            f"{which} not UTF-8, the first is {os.fsencode(min(bad))!r}: rename or remove what is named so"
        )


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _below(folder: str, above: frozenset[tuple[int, int]]) -> Iterator[str]:
    """Files below a folder; ``above`` are device and inode of the folders it lies in, itself included."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if not entry.is_dir():
                yield entry.path
                continue
            status = entry.stat()
            key = (status.st_dev, status.st_ino)
            if key not in above:
                yield from _below(entry.path, above | {key})


def _expand(place: Location, suffix: str) -> list[str]:
    kind = place.info().type
    if kind == fs.FileType.File:
        return [place.path]
    if kind == fs.FileType.Directory:
        paths = [path for path in _files_of(place, suffix) if path.lower().endswith(suffix)]
    else:
        paths = _matches(place, suffix)
    require_utf8(paths)
    if not paths:
        raise NotFoundError(f"there is no {suffix + ' ' if suffix else ''}file at {place.shown!r}")
    return paths


def _matches(place: Location, suffix: str) -> list[str]:
    pattern = place.path
    wild = next((at for at, character in enumerate(pattern) if character in _WILD), -1)
    if wild < 0:
        return []
    folder = place.at(pattern[:wild].rpartition("/")[0] or "/")
    if folder.info().type != fs.FileType.Directory:
        return []
    depth = pattern.count("/")
    # fnmatch lets * match a slash; equal depth restores what a shell does, and ** takes any depth.
    return [
        path
        for path in _files_of(folder, suffix)
        if fnmatch.fnmatchcase(path, pattern) and ("**" in pattern or path.count("/") == depth)
    ]


def _files_of(folder: Location, suffix: str) -> list[str]:
    """All files below a folder but those that are never data of this kind."""
    paths = _walk(folder)
    if suffix == ".parquet":
        _refuse_table(folder, paths)
    return _visible(paths, folder, _BOOKKEEPING[suffix]) if suffix in _BOOKKEEPING else paths


def _refuse_table(folder: Location, paths: list[str]) -> None:
    """A table keeps files that were deleted or replaced: its own library knows which ones count."""
    above = [str(path) for path in Path(folder.path).parents] if folder.is_local else []
    marks = [f"{root.rstrip('/')}/{mark}" for root in (folder.path, *above) for mark in _TABLES]
    found = [info.path for info in folder.filesystem.get_file_info(marks) if info.type == fs.FileType.Directory]
    found += [path.rpartition("/")[0] for path in paths if any(f"/{mark}/" in path for mark in _TABLES)]
    found += [path for path in paths if path.endswith(_ICEBERG)]
    if found:
        kind = _TABLES.get(found[0].rpartition("/")[2], "Iceberg")
        raise InvalidInputError(
            f"{folder.shown!r} is {'an' if kind == 'Iceberg' else 'a'} {kind} table, in which deleted rows have files "
            "too: read it with its own library, and give the list of its current files, or the rows themselves"
        )


def _visible(paths: list[str], folder: Location, hidden: str) -> list[str]:
    start = len(folder.path.rstrip("/")) + 1
    return [path for path in paths if not any(name.startswith(hidden) for name in path[start:].split("/"))]

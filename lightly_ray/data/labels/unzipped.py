"""An archive of labels as a folder for as long as it is read: what holds labels is unpacked, images stay empty files.

Names of images tell samples apart, so they count; their pixels do not.
"""

import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lightly_ray.data.images import SUFFIXES
from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError, TooLargeError

ENDINGS = (".csv", ".json", ".jsonl", ".parquet", ".txt", ".xml", ".yaml", ".yml")
"""Of files that hold labels."""
MOST_FILES = 1_000_000
_CHUNK = 1 << 20


@contextmanager
def unzipped(place: Location, most_bytes: int) -> Iterator[Location]:
    """The folder that an archive is unpacked to, gone afterwards.

    Args:
        place: of the archive.
        most_bytes: that all of its labels may have, unpacked.

    Raises:
        UnreadableError: it is no archive, or broken.
        TooLargeError: it unpacks to more, or to too many files.
        InvalidInputError: a name in it leads out of the folder.
    """
    with tempfile.TemporaryDirectory(prefix="lightly-ray-labels-") as folder:
        try:
            with place.filesystem.open_input_file(place.path) as stream, zipfile.ZipFile(stream) as archive:
                _unpack(archive, Path(folder), place, most_bytes)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError) as error:
            raise place.unreadable(error, " as ZIP") from error
        # Messages call it by the archive's name.
        yield Location("", "", folder, place.shown)


def _unpack(archive: zipfile.ZipFile, folder: Path, place: Location, most_bytes: int) -> None:
    entries = [one for one in archive.infolist() if not one.is_dir()]
    if len(entries) > MOST_FILES:
        raise TooLargeError(f"{place.shown!r} has {len(entries):,} files, at most {MOST_FILES:,} are read")
    said = sum(one.file_size for one in entries if one.filename.lower().endswith(ENDINGS))
    if said > most_bytes:
        raise TooLargeError(f"{place.shown!r} unpacks to {said:,} bytes of labels, at most {most_bytes:,} are read")
    left = most_bytes
    for entry in entries:
        name = _name_of(entry, place)
        holds_labels = name.lower().endswith(ENDINGS)
        if not holds_labels and not name.lower().endswith(SUFFIXES):
            continue
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not holds_labels:
            target.touch()
            continue
        with archive.open(entry) as source, target.open("xb") as file:
            while chunk := source.read(_CHUNK):
                left -= len(chunk)
                if left < 0:  # whatever its directory says
                    raise TooLargeError(f"{place.shown!r} unpacks to over {most_bytes:,} bytes of labels")
                file.write(chunk)


def _name_of(entry: zipfile.ZipInfo, place: Location) -> str:
    parts = entry.filename.replace("\\", "/").split("/")
    if parts[0].endswith(":") or not parts[0] or ".." in parts:
        raise InvalidInputError(f"{place.shown!r}: the name {entry.filename!r} in it leads out of its folder")
    return "/".join(part for part in parts if part not in ("", "."))

"""A ZIP of images as a stream: stored as they are, one in memory at a time.

An entry is complete before it is sent, with its size and checksum in front, which every program can read.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from lightly_ray.errors import NotFoundError
from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.store.records import Sample

MISSING = "MISSING.txt"
_DRIVE = re.compile(r"\A[A-Za-z]:")


def zipped(blobs: Blobs, samples: Iterable[Sample]) -> Iterator[bytes]:
    """The bytes of an archive of the images of ``samples``; what has no image is listed in `MISSING`."""
    window, missing = _Window(), list[str]()
    # At 4 GB or 65,536 entries it becomes a ZIP64 by itself.
    with zipfile.ZipFile(window, "w", zipfile.ZIP_STORED) as archive:
        for sample in samples:
            try:
                content = None if sample.full_key is None else blobs.read(sample.full_key)
            except NotFoundError:
                content = None
            if content is None:
                missing.append(sample.file_name)
            else:
                archive.writestr(_entry(safe_path(sample.file_name, sample.id), sample.created_at), content)
            yield window.take()
        if missing:
            text = "".join(f"{name}\n" for name in ["These samples have no image on the server:", "", *missing])
            archive.writestr(_entry(MISSING, 0), text.encode())
    yield window.take()


def safe_path(name: str, sample_id: str) -> str:
    """Where an image goes in an archive: below the folder it is unpacked to, whatever the file name says.

    A name that has to be changed for that gets the sample's id, so that no two become the same.
    """
    parts = re.split(r"[/\\]", _DRIVE.sub("", name))
    inside = "/".join(part for part in parts if part.strip(". "))
    if inside == name and name != MISSING:
        return name
    stem, dot, ending = inside.rpartition(".")
    return f"{stem}-{sample_id}.{ending}" if dot and stem and "/" not in ending else f"{inside or 'image'}-{sample_id}"


def _entry(path: str, at: int) -> zipfile.ZipInfo:
    when = datetime.fromtimestamp(max(at / 1000, 315_532_800), UTC)  # a ZIP's time begins with 1980
    entry = zipfile.ZipInfo(path, when.timetuple()[:6])
    entry.external_attr = 0o644 << 16
    return entry


class _Window(io.BytesIO):
    """A file that is taken away from its front: only what has not been taken can be written again."""

    def __init__(self) -> None:
        super().__init__()
        self._taken = 0

    def take(self) -> bytes:
        """All that was written since the last time."""
        content = self.getvalue()
        self._taken += len(content)
        super().seek(0)
        self.truncate()
        return content

    def tell(self) -> int:
        """Where the next byte goes, in the whole file."""
        return self._taken + super().tell()

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place of the whole file that has not been taken."""
        if whence != io.SEEK_SET or place < self._taken:
            raise io.UnsupportedOperation(f"cannot go to {place} ({whence}): {self._taken} bytes have been taken")
        return self._taken + super().seek(place - self._taken)

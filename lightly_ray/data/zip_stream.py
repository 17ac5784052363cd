"""A ZIP as a stream: files stored as they are, one in memory at a time.

An entry is complete before it is sent, with its size and checksum in front, which every program can read.
"""

import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

MISSING = "MISSING.txt"
"""The list of the samples whose images are not there."""


class Entry(NamedTuple):
    """A file in an archive.

    Attributes:
        path: in it.
        content: its bytes.
        at: its time in milliseconds since 1970; a ZIP's time begins with 1980.
    """

    path: str
    content: bytes
    at: int = 0


def zip_stream(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The bytes of an archive of these files."""
    window = _Window()
    # At 4 GB or 65,536 entries it becomes a ZIP64 by itself.
    with zipfile.ZipFile(window, "w", zipfile.ZIP_STORED) as archive:
        for entry in entries:
            archive.writestr(_info(entry), entry.content)
            yield window.take()
    yield window.take()


def missing_list(names: Iterable[str]) -> Entry:
    """The list of samples without an image."""
    lines = ["These samples have no image on the server:", "", *names]
    return Entry(MISSING, "".join(f"{line}\n" for line in lines).encode())


def _info(entry: Entry) -> zipfile.ZipInfo:
    when = datetime.fromtimestamp(max(entry.at / 1000, 315_532_800), UTC)
    info = zipfile.ZipInfo(entry.path, when.timetuple()[:6])
    info.external_attr = 0o644 << 16
    return info


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

"""From image files to the batches that travel: decode, describe, shrink, hash, pack.

One request may hold `MOST_SAMPLES` and `MOST_BYTES`; batches are planned well below, so that
progress is seen and little is lost when a connection breaks.
"""

import hashlib
import itertools
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from lightly_ray.api.protocol import MOST_BYTES
from lightly_ray.data.image_metadata import image_metadata, thumbnail
from lightly_ray.data.images import open_first_frame
from lightly_ray.data.location import Location
from lightly_ray.errors import CorruptImageError, UnreadableError

BATCH_SAMPLES = 128
BATCH_BYTES = 16 * 2**20
REQUEST_BYTES = MOST_BYTES - 2**20  # the rest is for JSON and the lines between files
_AHEAD, _PIECE = 3, 8  # batches that are prepared ahead; images that a thread takes at a time
_THUMB_BYTES = 16 * 2**10  # what a thumbnail of 128 x 128 hardly exceeds

IMG_TYPES = {"full": "full", "thumbnails": "thumbnail", "metadata": "meta"}


class Source(NamedTuple):
    """A file to upload.

    Attributes:
        name: of its sample.
        place: of the file, on any file system.
        size: in bytes.
    """

    name: str
    place: Location
    size: int


@dataclass(frozen=True)
class Prepared:
    """One sample, ready to be sent.

    Attributes:
        sample: its entry in the list of samples of a batch.
        full: bytes of the image file, where they are uploaded.
        thumb: bytes of the thumbnail, where it is uploaded.
        several: whether the file has more frames or pages than the one that is shown.
    """

    sample: Mapping[str, Any]
    full: bytes | None = None
    thumb: bytes | None = None
    several: bool = False

    @property
    def filename(self) -> str:
        """File name of the sample."""
        return str(self.sample["fileName"])

    @property
    def size(self) -> int:
        """How many bytes of files are sent."""
        return len(self.full or b"") + len(self.thumb or b"")


@dataclass
class Batch:
    """Samples of one request, and the files that could not be prepared.

    Attributes:
        ready: what is sent, in the order of the plan.
        corrupt: file name -> why it cannot be decoded.
        failed: file name -> why it cannot even be read; another time it may be.
    """

    ready: list[Prepared] = field(default_factory=list)
    corrupt: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def plan(files: Iterable[Source], mode: str) -> Iterator[list[Source]]:
    """Cut files into batches, keeping their order; a file larger than a batch stands alone."""
    batch: list[Source] = []
    size = 0
    for file in files:
        weight = _THUMB_BYTES + (file.size if mode == "full" else 0)
        if batch and (len(batch) == BATCH_SAMPLES or size + weight > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += weight
    if batch:
        yield batch


def prepared(files: Iterable[Source], mode: str, custom: Mapping[str, Any], max_workers: int) -> Iterator[Batch]:
    """Batches in order, a few of them prepared ahead by threads while the one before is sent.

    All threads work on the next batch, so that it is there soon: on a batch each, the first would come as late as the
    last.
    """
    batches = plan(files, mode)
    with ThreadPoolExecutor(max(1, max_workers)) as pool:
        ahead: deque[list[Future[Batch]]] = deque()
        try:
            while True:
                for batch in itertools.islice(batches, _AHEAD - len(ahead)):
                    pieces = [batch[start : start + _PIECE] for start in range(0, len(batch), _PIECE)]
                    ahead.append([pool.submit(prepare_batch, piece, mode, custom) for piece in pieces])
                if not ahead:
                    return
                yield _joined([future.result() for future in ahead.popleft()])
        finally:
            # After an error what is still queued is not waited for.
            for future in itertools.chain(*ahead):
                future.cancel()


def _joined(pieces: Iterable[Batch]) -> Batch:
    whole = Batch()
    for piece in pieces:
        whole.ready += piece.ready
        whole.corrupt |= piece.corrupt
        whole.failed |= piece.failed
    return whole


def prepare_batch(files: Sequence[Source], mode: str, custom: Mapping[str, Any] | None = None) -> Batch:
    """Prepare every file of a batch; those that cannot be are set apart with the reason."""
    batch = Batch()
    for file in files:
        try:
            batch.ready.append(prepare(file, mode, (custom or {}).get(file.name)))
        except CorruptImageError as error:
            batch.corrupt[file.name] = str(error)
        except UnreadableError as error:
            batch.failed[file.name] = str(error)
    return batch


def prepare(file: Source, mode: str, custom: Any = None) -> Prepared:
    """Read, decode and describe one image.

    Raises:
        CorruptImageError: it cannot be decoded.
        UnreadableError: the file cannot be read.
    """
    content = file.place.read_existing()
    filename, (image, several) = file.name, open_first_frame(content, name=file.name)
    full = content if mode == "full" else None
    thumb = thumbnail(image) if mode in ("full", "thumbnails") else None
    sample: dict[str, Any] = {"fileName": filename, "metaData": image_metadata(image, len(content))}
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in (("full", full), ("thumb", thumb)) if data}
    if thumb is not None:
        sample["thumbName"] = thumb_name(filename)
    if custom is not None:
        sample["customMetaData"] = custom
    if hashes:
        sample["sha256"] = hashes
    return Prepared(sample, full, thumb, several)


def thumb_name(filename: str) -> str:
    """Name of the thumbnail of an image: `a/b.png` -> `a/b_thumb.webp`."""
    path = PurePosixPath(filename)
    return str(path.with_name(f"{path.stem}_thumb.webp"))


def parts_of(batch: Sequence[Prepared]) -> dict[str, tuple[str, bytes]]:
    """Parts of the multipart request that carries the samples: name -> (content type, content)."""
    listing = json.dumps([dict(item.sample) for item in batch]).encode()
    parts = {"samples": ("application/json", listing)}
    for row, item in enumerate(batch):
        for name, content in (("full", item.full), ("thumb", item.thumb)):
            if content is not None:
                parts[f"{name}-{row}"] = ("application/octet-stream", content)
    return parts

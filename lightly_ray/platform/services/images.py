"""Images on their way in and out.

In: stored under a new key, with their digest. Out: with the type that their first bytes show; a thumbnail that
was not uploaded is made of the image.
"""

import hashlib
import io
from collections.abc import Iterator
from functools import partial
from typing import IO, BinaryIO

from lightly_ray.data.image_metadata import thumbnail
from lightly_ray.errors import InvalidInputError, NotFoundError
from lightly_ray.platform.services.decoding import decoded
from lightly_ray.platform.storage.blobs import Blobs, chunks
from lightly_ray.platform.storage.ids import new_id
from lightly_ray.platform.storage.store.records import Sample
from lightly_ray.platform.storage.store.samples import Blob, Kind

_CHUNK = 2**20
_UNKNOWN = "application/octet-stream"
_SHOWN = {"image/png", "image/jpeg", "image/gif", "image/bmp", "image/webp", "image/avif"}
_WEBP_SIDE = 16_383  # more, a WEBP cannot have
_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"BM": "image/bmp",
    b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff",
}


def store_image(blobs: Blobs, dataset_id: str, kind: Kind, file: IO[bytes], *, digest: str | None = None) -> Blob:
    """Put an image or thumbnail into the storage.

    Args:
        blobs: where.
        dataset_id: whose.
        kind: full | thumb.
        file: can seek.
        digest: the hexadecimal SHA-256 that it must have, None where the client did not say.

    Raises:
        InvalidInputError: the file is empty, or not what the client sent.
    """
    file.seek(0)
    digester, size = hashlib.sha256(), 0
    while chunk := file.read(_CHUNK):
        digester.update(chunk)
        size += len(chunk)
    actual = digester.hexdigest()
    if not size:
        raise InvalidInputError(f"the {kind} image is empty")
    if digest is not None and digest.lower() != actual:
        raise InvalidInputError(f"the {kind} image arrived damaged: its SHA-256 is {actual}, not {digest[:64]}")
    file.seek(0)
    name = new_id()
    # Spread over 256 folders: a folder of a million files is slow on some filesystems.
    key = f"datasets/{dataset_id}/samples/{name[-2:]}/{kind}-{name}"
    blobs.put(key, file)
    return Blob(key, actual, size)


def opened(blobs: Blobs, sample: Sample, kind: Kind) -> tuple[BinaryIO, str]:
    """A sample's image or thumbnail as a file to be closed, and its media type.

    Raises:
        NotFoundError: it was not uploaded, and cannot be made of what was.
        CorruptImageError: a thumbnail is wanted of what is no image.
    """
    key = sample.full_key if kind == "full" else sample.thumb_key
    if key is None and kind == "thumb" and sample.full_key is not None:
        with decoded(partial(blobs.read, sample.full_key), sample.file_name) as image:
            return io.BytesIO(thumbnail(image)), "image/webp"
    if key is None:
        raise NotFoundError(f"no {kind} image of {sample.file_name!r} has been uploaded")
    file = blobs.open(key)
    head = file.read(16)
    file.seek(0)
    return file, media_type(head)


def content(blobs: Blobs, sample: Sample, kind: Kind) -> tuple[Iterator[bytes], str]:
    """The bytes of a sample's image or thumbnail, and their media type; raises as `opened`."""
    file, type_of_it = opened(blobs, sample, kind)
    return chunks(file), type_of_it


def shown(blobs: Blobs, sample: Sample) -> tuple[Iterator[bytes], str]:
    """A sample's image in a form that browsers show: as it is, or converted to WEBP of quality 90.

    Raises:
        NotFoundError: it was not uploaded.
        CorruptImageError: it has to be converted, and cannot be decoded.
    """
    file, kind = opened(blobs, sample, "full")
    if kind in _SHOWN:
        return chunks(file), kind
    with file, decoded(file.read, sample.file_name) as image:
        return iter([thumbnail(image, size=_WEBP_SIDE)]), "image/webp"


def media_type(head: bytes) -> str:
    """What a file is by its first 16 bytes; an unknown one is shown as bytes, never as a page."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:12] in {b"ftypavif", b"ftypavis"}:
        return "image/avif"
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), _UNKNOWN)

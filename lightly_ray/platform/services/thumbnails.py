"""Thumbnails for a page of tiles: the uploaded one as it is, else one that is made of the image and kept.

    made: neither side over 192 pixels, WEBP of quality 75, which is 3 to 6 kB

Kept under the SHA-256 of the image: the same picture is made once, a new one never shows as the old.
"""

from collections.abc import Iterator
from functools import partial

from lightly_ray.data.image_metadata import thumbnail
from lightly_ray.errors import NotFoundError
from lightly_ray.platform.services.decoding import decoded
from lightly_ray.platform.services.images import media_type
from lightly_ray.platform.services.kept import kept
from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.store.records import Sample
from lightly_ray.platform.storage.store.rows import Brief

SIZE = 192  # a tile of 96 points on a screen with two pixels to a point
_QUALITY = 75


def version(sample: Sample | Brief) -> str | None:
    """Another text for every other thumbnail, None where there is no file to show."""
    for kind, digest in (("t", sample.thumb_sha256), ("f", sample.full_sha256)):
        if digest is not None:
            return f"{kind}{digest[:16]}"
    return None


def content(blobs: Blobs, sample: Sample) -> tuple[Iterator[bytes], str]:
    """The bytes of a sample's thumbnail, and their media type.

    Raises:
        NotFoundError: there is neither thumbnail nor image.
        CorruptImageError: there is no thumbnail, and the image cannot be decoded.
    """
    if sample.thumb_key is not None:
        with blobs.open(sample.thumb_key) as file:
            head = file.read(16)
        return blobs.chunks(sample.thumb_key), media_type(head)
    if sample.full_key is None or sample.full_sha256 is None:
        raise NotFoundError(f"no image of {sample.file_name!r} has been uploaded")
    full_key, digest = sample.full_key, sample.full_sha256

    def _make() -> bytes:
        with decoded(partial(blobs.read, full_key), sample.file_name, at_least=SIZE) as image:
            return thumbnail(image, size=SIZE, quality=_QUALITY)

    # Spread over 256 folders, as the images are.
    key = f"datasets/{sample.dataset_id}/thumbnails/{digest[:2]}/{digest}.webp"
    return iter([kept(blobs, key, _make)]), "image/webp"

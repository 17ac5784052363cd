"""The images of samples as a ZIP; what has no image is listed in it."""

from collections.abc import Iterable, Iterator

from lightly_ray.data.safe_paths import safe_path
from lightly_ray.data.zip_stream import MISSING, Entry, missing_list, zip_stream
from lightly_ray.errors import NotFoundError
from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.store.records import Outline


def zipped(blobs: Blobs, samples: Iterable[Outline]) -> Iterator[bytes]:
    """The bytes of an archive of the images of ``samples``."""
    return zip_stream(_entries(blobs, samples))


def _entries(blobs: Blobs, samples: Iterable[Outline]) -> Iterator[Entry]:
    missing = list[str]()
    for sample in samples:
        try:
            content = None if sample.full_key is None else blobs.read(sample.full_key)
        except NotFoundError:
            content = None
        if content is None:
            missing.append(sample.file_name)
        else:
            yield Entry(safe_path(sample.file_name, sample.id, [MISSING]), content, sample.created_at)
    if missing:
        yield missing_list(missing)

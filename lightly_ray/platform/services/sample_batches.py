"""Many samples with their files in one request and one transaction.

Each sample succeeds or fails by itself: an item whose file is missing, damaged or empty is answered with its error,
the others are stored. Sending a batch again changes nothing.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import IO

from lightly_ray.errors import InvalidInputError
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services import images
from lightly_ray.platform.storage.store import datasets, samples
from lightly_ray.platform.storage.store.samples import Blob, Kind, NewSample

_WRITERS = 8


@dataclass(frozen=True, slots=True)
class Item:
    """One sample of a batch.

    Attributes:
        sample: what the client says about it.
        digests: hexadecimal SHA-256 of each file that belongs to it.
        files: what has come in.
    """

    sample: NewSample
    digests: Mapping[Kind, str]
    files: Mapping[Kind, IO[bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an item: an id, or an error."""

    file_name: str
    id: str | None = None
    error: str | None = None


def store(platform: Platform, dataset_id: str, items: Sequence[Item]) -> list[Answer]:
    """Store a batch; the answers are aligned with the items.

    Raises:
        NotFoundError: there is no such dataset.
        TooLargeError: the dataset would be over its limit; nothing is stored.
    """
    with platform.database.read() as db:
        datasets.read(db, dataset_id)
    seen: set[str] = set()
    checked = [_check(item, seen) for item in items]
    # Writing to an object store is waiting: several at once.
    with ThreadPoolExecutor(1 if platform.blobs.is_local else _WRITERS) as pool:
        ready = list(pool.map(lambda it: it if isinstance(it, Answer) else _files(platform, dataset_id, it), checked))
    news = [one for one in ready if isinstance(one, NewSample)]
    with platform.database.write() as db:
        datasets.lock(db, dataset_id)
        ids = iter(samples.upsert(db, dataset_id, news, at_most=platform.settings.max_samples))
    return [one if isinstance(one, Answer) else Answer(one.file_name, next(ids)) for one in ready]


def _check(item: Item, seen: set[str]) -> Item | Answer:
    name = item.sample.file_name
    try:
        samples.checked(item.sample)
    except InvalidInputError as error:
        return Answer(name, error=str(error))
    if name in seen:
        return Answer(name, error="the file name is in this batch twice")
    lost = [kind for kind in item.digests if kind not in item.files]
    if lost:
        return Answer(name, error=f"the {lost[0]} image did not arrive")
    seen.add(name)
    return item


def _files(platform: Platform, dataset_id: str, item: Item) -> NewSample | Answer:
    blobs: dict[Kind, Blob] = {}
    try:
        for kind, file in item.files.items():
            blobs[kind] = images.store_image(platform.blobs, dataset_id, kind, file, digest=item.digests.get(kind))
    except InvalidInputError as error:
        return Answer(item.sample.file_name, error=str(error))
    return replace(item.sample, files=blobs)

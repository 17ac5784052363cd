"""The samples of a mask, some at a time: flat memory however many they are, and no transaction for a slow reader."""

from collections.abc import Iterator

from lightly_ray.bitmask import BitMask
from lightly_ray.platform.context import Platform
from lightly_ray.platform.storage.store import samples
from lightly_ray.platform.storage.store.records import Named, Outline

_PART = 5_000  # read from the database at a time


def named_members(platform: Platform, dataset_id: str, mask: BitMask) -> Iterator[Named]:
    """What they are called, by row; one that is deleted meanwhile is left out."""
    listed = mask.to_rows()
    for start in range(0, len(listed), _PART):
        with platform.database.read() as db:
            some = samples.names_at(db, dataset_id, listed[start : start + _PART].tolist())
        yield from some


def members(platform: Platform, dataset_id: str, mask: BitMask) -> Iterator[Outline]:
    """Samples by row; one that is deleted meanwhile is left out."""
    listed = mask.to_rows()
    for start in range(0, len(listed), _PART):
        with platform.database.read() as db:
            some = samples.outlines_at(db, dataset_id, listed[start : start + _PART].tolist())
        yield from some

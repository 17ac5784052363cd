"""Run a pinned search for near duplicates."""

from dataclasses import replace

from lightly_ray.platform.context import Store
from lightly_ray.platform.grouping.connected import Progress
from lightly_ray.platform.jobs.pinned import PinnedGrouping
from lightly_ray.platform.services import groups
from lightly_ray.platform.storage.store import embeddings


def run(store: Store, pinned: PinnedGrouping, progress: Progress) -> int:
    """Group the version that was pinned; how many samples have a vector.

    Raises:
        TooLargeError: it would take too long.
    """
    of = pinned.embedding
    with store.database.read() as db:
        newest = embeddings.find(db, of.id)
    version = replace(newest, version=of.version, file_key=of.file_key, rows=pinned.rows, dimension=of.dimension)
    return groups.make(store, version, pinned.within, progress)
